import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saysGone } from './gone.ts';

const rcpt = (reply: string): boolean => saysGone({ stage: 'rcpt', code: Number(reply.slice(0, 3)), reply });

test('a recipient who does not exist is gone', () => {
  for (const reply of [
    '550 5.1.1 <ana@example.org>: Recipient address rejected: User unknown in virtual mailbox table',
    '550-5.1.1 The email account that you tried to reach does not exist.',
    '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup',
    '553 5.1.2 <ana@example.org>: bad destination domain',
    '556 5.1.10 <example.org> does not accept mail (nullMX)',
    '550 No such user here',
    '550 Requested action not taken: mailbox unavailable',
  ])
    assert.equal(rcpt(reply), true, reply);
});

test('a refusal of our mail, a full mailbox, a pause or an answer to somebody else leaves the address alone', () => {
  for (const reply of [
    '550 5.7.1 Service unavailable, client host [192.0.2.1] blocked using Spamhaus',
    '554 5.7.1 <no-such-user@example.org>: Relay access denied',
    '550 5.7.26 This mail has been blocked because the sender is unauthenticated',
    '552 5.2.2 mailbox full',
    '450 4.1.1 <ana@example.org>: user unknown in virtual mailbox table',
    '421 4.7.0 try again later',
    '550 5.0.0 no',
  ])
    assert.equal(rcpt(reply), false, reply);
  assert.equal(saysGone({ stage: 'mail', code: 550, reply: '550 5.1.8 sender address: user unknown' }), false);
  assert.equal(
    saysGone({ stage: 'body', code: 550, reply: '550 the user named in your letter does not exist' }),
    false,
  );
  assert.equal(saysGone({ stage: 'body', code: 550, reply: '550 5.1.1 user unknown' }), true);
});
