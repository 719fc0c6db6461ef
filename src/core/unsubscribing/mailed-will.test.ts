import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mailedWill } from './mailed-will.ts';

const kindOf = (head: string, from = 'ana@example.org') => mailedWill(Buffer.from(`${head}\r\n\r\n`), from);

test('mail of a person, or of their program, is a will, whatever it says', () => {
  for (const head of [
    'Subject: unsubscribe',
    'From: ana@example.org',
    'Subject: Re: November letter',
    'Auto-Submitted: no',
    'Auto-Submitted: auto-generated\r\nSubject: unsubscribe',
    'Content-Type: multipart/alternative; boundary=x',
    '\u0000 nothing that is a header',
  ])
    assert.deepEqual(kindOf(head), { kind: 'will' }, head);
});

test('what a machine answers or a server reports is none', () => {
  assert.deepEqual(kindOf('Subject: unsubscribe', ''), { kind: 'none', why: 'no-sender' });
  for (const head of [
    'Auto-Submitted: auto-replied\r\nSubject: unsubscribe',
    'Auto-Submitted: auto-notified',
    'X-Autoreply: yes',
    'Precedence: auto_reply',
    'Subject: Out of office: unsubscribe',
    'X-Vacation: on\r\nAuto-Submitted: auto-generated',
  ])
    assert.deepEqual(kindOf(head), { kind: 'none', why: 'auto-reply' }, head);
  for (const type of ['multipart/report; report-type=delivery-status; boundary=x', 'message/feedback-report'])
    assert.deepEqual(kindOf(`Content-Type: ${type}`), { kind: 'none', why: 'report' });
});
