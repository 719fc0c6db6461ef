import assert from 'node:assert/strict';
import { test } from 'node:test';
import { summaryOf, wordsOf } from './mail-words.ts';

const at = new Date('2026-11-22T08:30:59Z');
const kinds = [
  'unusual_sign_in',
  'installation_link_used',
  'emergency_opened',
  'emergency_unreviewed',
  'webhook_disabled',
];

test('each kind of alert says what happened, when and where to look', () => {
  const texts = kinds.map((what) => wordsOf({ what, at, isOwn: false }, 'https://mail.clinic.example/').text);
  assert.equal(new Set(texts).size, kinds.length);
  for (const text of texts)
    assert.match(
      text,
      /\(2026-11-22 08:30 UTC\)\.[\s\S]+https:\/\/mail\.clinic\.example\/(trust\/|settings\/webhooks)/,
    );
});

test('whoever signed in is told what to do if it was not them', () => {
  const { text } = wordsOf({ what: 'unusual_sign_in', at, isOwn: true }, 'https://mail.clinic.example');
  assert.match(text, /as you/);
  assert.match(text, /https:\/\/mail\.clinic\.example\/me\n/);
});

test('a kind that a later version adds is told all the same, and an unknown address of the console is not made up', () => {
  const { subject, text } = wordsOf({ what: 'something_new', at, isOwn: false }, null);
  assert.equal(subject, 'Waxwing: something to look at');
  assert.match(text, /Open the Waxwing console\./);
  assert.doesNotMatch(text, /http/);
});

test('a summary counts each kind', () => {
  const alert = (what: string) => ({ what, at, isOwn: false });
  const { subject, text } = summaryOf(['unusual_sign_in', 'unusual_sign_in', 'emergency_opened'].map(alert), null);
  assert.equal(subject, 'Waxwing: 3 more alerts');
  assert.match(
    text,
    /- a sign-in from a new place: 2, the last 2026-11-22 08:30 UTC\n- emergency access was opened: 1/,
  );
});
