import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { type Returned, readReturn } from './read-return.ts';

const mail = (...lines: readonly string[]): Uint8Array => Buffer.from(`${lines.join('\r\n')}\r\n`);
const read = (...lines: readonly string[]): Returned => readReturn(mail(...lines), 'ana@example.org');
const said = (returned: Returned): string =>
  'bounce' in returned ? `${returned.what} ${returned.bounce} ${returned.status}` : JSON.stringify(returned);

const daemon = [
  'From: Mail Delivery System <MAILER-DAEMON@mx.example>',
  'Subject: Undelivered Mail Returned to Sender',
];
const report = (...recipients: readonly (readonly string[])[]): string[] => [
  ...daemon,
  'Content-Type: multipart/report; report-type=delivery-status; boundary="x"',
  '',
  '--x',
  '',
  'Your message could not be delivered.',
  '--x',
  'Content-Type: message/delivery-status',
  '',
  'Reporting-MTA: dns; mx.example',
  ...recipients.flatMap((fields) => ['', ...fields]),
  '--x--',
];
const failed = (status: string, words: string, to = 'ana@example.org'): string[] => [
  `Final-Recipient: rfc822; ${to}`,
  'Action: failed',
  `Status: ${status}`,
  `Diagnostic-Code: smtp; ${words}`,
];

test('a delivery status report tells why a copy came back', () => {
  const cases: readonly (readonly [status: string, words: string, kind: string])[] = [
    ['5.1.1', '550 5.1.1 <ana@example.org>: Recipient address rejected: User unknown in virtual mailbox table', 'hard'],
    [
      '5.1.10',
      '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient ana@example.org not found by SMTP address lookup',
      'hard',
    ],
    ['5.1.1', '550-5.1.1 The email account that you tried to reach does not exist.', 'hard'],
    ['5.0.0', '554 delivery error: dd This user doesn’t have a yahoo.com account', 'hard'],
    ['5.2.1', '550 5.2.1 The email account that you tried to reach is inactive.', 'hard'],
    ['5.1.2', '550 5.1.2 Host or domain name not found', 'hard'],
    ['5.4.1', '550 5.4.1 Recipient address rejected: Access denied.', 'hard'],
    ['5.2.2', '552-5.2.2 The recipient’s inbox is out of storage space', 'full'],
    ['4.2.2', '452-4.2.2 The email account that you tried to reach is over quota', 'full'],
    ['5.7.1', '550 5.7.1 Service unavailable; client host [192.0.2.1] blocked using zen.spamhaus.org', 'blocked'],
    ['5.7.606', '550 5.7.606 Access denied, banned sending IP [192.0.2.1]', 'blocked'],
    ['5.7.1', '550 5.7.1 Message rejected due to content restrictions', 'policy'],
    ['5.7.26', '550-5.7.26 This mail is unauthenticated, which poses a security risk', 'policy'],
    ['5.7.509', '550 5.7.509 Access denied, sending domain clinic.example does not pass DMARC verification', 'policy'],
    ['5.3.4', '552 5.3.4 Message size exceeds fixed limit', 'too-large'],
    ['4.4.1', 'connect to mx.example[192.0.2.9]:25: Connection timed out', 'soft'],
    ['4.4.7', '550 4.4.7 QUEUE.Expired; message expired', 'soft'],
    ['5.0.0', 'bleh', 'unknown'],
  ];
  for (const [status, words, kind] of cases)
    assert.equal(said(read(...report(failed(status, words)))), `bounced ${kind} ${status}`, words);
});

test('an unknown user that is only temporary is no dead address', () => {
  assert.equal(said(read(...report(failed('4.1.1', '450 4.1.1 user unknown, greylisted')))), 'bounced soft 4.1.1');
});

test('the words’ own status is taken where the field says nothing', () => {
  assert.equal(said(read(...report(failed('5.0.0', '550 5.1.1 no')))), 'bounced hard 5.1.1');
  assert.equal(
    said(read(...report(['Final-Recipient: rfc822;ana@example.org', 'Action: failed']))),
    'bounced unknown null',
  );
});

test('a delayed report bounces nobody', () => {
  const delayed = ['Final-Recipient: rfc822; ana@example.org', 'Action: delayed', 'Status: 4.4.1'];
  assert.equal(said(read(...report(delayed))), 'delayed soft 4.4.1');
});

test('delivered, relayed and expanded are noted, and no failure of somebody in the list counts against its address', () => {
  for (const action of ['delivered', 'relayed', 'expanded'])
    assert.deepEqual(
      read(...report(['Final-Recipient: rfc822; ana@example.org', `Action: ${action}`, 'Status: 2.0.0'])),
      {
        what: 'noted',
        note: 'delivered',
      },
    );
  const expanded = ['Final-Recipient: rfc822; list@example.org', 'Action: expanded', 'Status: 2.0.0'];
  assert.equal(read(...report(expanded, failed('5.1.1', '550 unknown user', 'bo@example.org'))).what, 'noted');
});

test('of several recipients the one counts that is ours', () => {
  const other = ['Final-Recipient: rfc822; bo@example.org', 'Action: delivered', 'Status: 2.0.0'];
  assert.equal(read(...report(other, failed('5.2.2', '552 mailbox full', 'ANA@example.org'))).what, 'bounced');
  assert.equal(
    read(...report(failed('5.1.1', 'user unknown', 'bo@example.org'), failed('5.2.2', 'full'))).what,
    'bounced',
  );
  const two = read(...report(failed('5.1.1', 'user unknown', 'bo@example.org'), failed('5.2.2', 'mailbox full')));
  assert.equal(said(two), 'bounced full 5.2.2');
});

test('what a server said without a report ends where its words end', () => {
  const words = ['<ana@example.org>:', 'Sorry, no mailbox here by that name. (#5.1.1)', '', '', ''];
  const returned = read('From: MAILER-DAEMON@mx.example', 'Subject: failure notice', '', 'Not delivered:', ...words);
  assert.ok(returned.what === 'bounced');
  assert.equal(returned.said, 'Sorry, no mailbox here by that name. (#5.1.1)');
});

test('a report in UTF-8 (RFC 6533) is read', () => {
  const lines = report(['Final-Recipient: utf-8; ana@example.org', 'Action: failed', 'Status: 5.1.1']);
  const global = lines.map((line) => line.replace('message/delivery-status', 'message/global-delivery-status'));
  assert.equal(said(read(...global)), 'bounced hard 5.1.1');
});

test('bounces in words alone are read: qmail, Exchange, Exim, Domino, GroupWise, Yahoo, German', () => {
  const bounce = (from: string, subject: string, ...words: readonly string[]) =>
    said(read(`From: ${from}`, `Subject: ${subject}`, '', ...words));
  const qmail = bounce(
    'MAILER-DAEMON@mx.example',
    'failure notice',
    'Hi. This is the qmail-send program at mx.example.',
    "I'm afraid I wasn't able to deliver your message to the following addresses.",
    "This is a permanent error; I've given up. Sorry it didn't work out.",
    '',
    '<ana@example.org>:',
    'Sorry, no mailbox here by that name. (#5.1.1)',
    '',
    '--- Below this line is a copy of the message.',
    '',
    'Return-Path: <care@clinic.example>',
    'Subject: your mailbox is full of quota exceeded things',
  );
  assert.equal(qmail, 'bounced hard 5.1.1');
  const exchange = bounce(
    'System Administrator <postmaster@example.org>',
    'Undeliverable: Your appointment',
    'Your message did not reach some or all of the intended recipients.',
    '  ana@example.org on 22.11.2026 11:20',
    '    The e-mail account does not exist at the organization this message was sent to.',
  );
  assert.equal(exchange, 'bounced hard null');
  const exim = bounce(
    'Mail Delivery System <Mailer-Daemon@mx.example>',
    'Mail delivery failed: returning message to sender',
    'A message that you sent could not be delivered to one or more of its recipients.',
    'This is a permanent error. The following address(es) failed:',
    '  ana@example.org',
    '    SMTP error from remote mail server after RCPT TO:<ana@example.org>:',
    '    552 5.2.2 Mailbox full',
  );
  assert.equal(exim, 'bounced full 5.2.2');
  const domino = bounce(
    'Postmaster@example.org',
    'DELIVERY FAILURE: User ana (ana@example.org) not listed in Domino Directory',
    'Your message',
    '  Subject: Your appointment',
    'was not delivered to:',
    '  ana@example.org',
    'because:',
    '  User ana (ana@example.org) not listed in Domino Directory',
  );
  assert.equal(domino, 'bounced hard null');
  const german = bounce(
    'Postmaster <postmaster@mx.example>',
    'Unzustellbar: Ihr Termin',
    'Ihre Nachricht konnte nicht zugestellt werden:',
    'ana@example.org: Das Postfach ist voll',
  );
  assert.equal(german, 'bounced full null');
});

test('a warning in words is a delay', () => {
  const warned = read(
    'From: Mail Delivery System <mailer-daemon@mx.example>',
    'Subject: Warning: message delayed 24 hours',
    '',
    'This message was created automatically by mail delivery software.',
    'A message that you sent has not yet been delivered to one or more of its recipients after 24 hours.',
    'No action is required on your part. Delivery attempts will continue for some time.',
  );
  assert.equal(warned.what, 'delayed');
});

const feedback = (type: string): string[] => [
  'From: feedback@isp.example',
  'Subject: FW: hello',
  'Content-Type: multipart/report; report-type=feedback-report; boundary="x"',
  '',
  '--x',
  '',
  'This is an email abuse report.',
  '--x',
  'Content-Type: message/feedback-report',
  '',
  `Feedback-Type: ${type}`,
  'User-Agent: Feedback/1.0',
  '--x',
  'Content-Type: message/rfc822',
  '',
  'Subject: hello',
  '--x--',
];

test('complaints are known by their report, and by the shape of Microsoft’s', () => {
  assert.deepEqual(read(...feedback('abuse')), { what: 'complained', feedback: 'abuse' });
  assert.deepEqual(read(...feedback('Fraud')), { what: 'complained', feedback: 'fraud' });
  assert.equal(read(...feedback('not-spam')).what, 'noted');
  assert.equal(read(...feedback('auth-failure')).what, 'noted');
  const microsoft = read(
    'From: staff@hotmail.com',
    'Subject: complaint about message from 192.0.2.1',
    'Content-Type: multipart/mixed; boundary=x',
    '',
    '--x',
    'Content-Type: message/rfc822',
    '',
    'X-HmXmrOriginalRecipient: ana@example.org',
    'Subject: hello',
    '--x--',
  );
  assert.deepEqual(microsoft, { what: 'complained', feedback: 'abuse' });
});

test('auto-replies are known by their fields and by their subjects in many languages', () => {
  const fields = [
    'Auto-Submitted: auto-replied',
    'X-Autoreply: yes',
    'Precedence: auto_reply',
    'X-Auto-Response-Suppress: All',
  ];
  for (const field of fields)
    assert.equal(read('From: ana@example.org', 'Subject: Re: Hello', field, '', 'Hello').what, 'auto-replied', field);
  const subjects = [
    'Out of office',
    'Automatic reply: Your appointment',
    'Abwesenheitsnotiz: Ihr Termin',
    'Automatische Antwort: Ihr Termin',
    'Réponse automatique : votre rendez-vous',
    'Respuesta automática: su cita',
    'Risposta automatica: appuntamento',
    'Resposta automática: consulta',
    'Automatisch antwoord: afspraak',
    'Autosvar: tid',
    '自动回复: 您好',
    '自動応答: ご予約',
    'Автоматический ответ: приём',
    '=?UTF-8?Q?R=C3=A9ponse_automatique?=',
    'Urlaub',
  ];
  for (const subject of subjects)
    assert.equal(read('From: ana@example.org', `Subject: ${subject}`, '', 'Hello').what, 'auto-replied', subject);
});

test('a person’s answer is a person’s, also one who writes of holidays, of mail that came back or of spam', () => {
  const letters: readonly (readonly [subject: string, words: string])[] = [
    ['Re: Your appointment', 'Thank you, I will come.'],
    ['Re: Vacation vaccinations', 'Which ones do I need?'],
    ['Re: Your bill', 'My last letter was returned to me, user unknown it said.'],
    ['AW: Termin', 'Ich bin im Urlaub, geht auch der 3.?'],
    ['Delayed again', 'My train is delayed, I will be late.'],
  ];
  for (const [subject, words] of letters)
    assert.deepEqual(
      read('From: Ana <ana@example.org>', `Subject: ${subject}`, '', words),
      { what: 'replied' },
      subject,
    );
});

test('an auto-reply that talks of undelivered mail is no bounce', () => {
  const away = read(
    'From: Ana <ana@example.org>',
    'Subject: Undeliverable until Monday: I no longer work here',
    'In-Reply-To: <1@clinic.example>',
    'Auto-Submitted: auto-replied',
    '',
    'Your mail could not be delivered to me in person.',
  );
  assert.equal(away.what, 'auto-replied');
});

test('a receipt says that it was read', () => {
  const receipt = (disposition: string): Returned =>
    read(
      'From: ana@example.org',
      'Content-Type: multipart/report; report-type=disposition-notification; boundary=x',
      '',
      '--x',
      '',
      'Read.',
      '--x',
      'Content-Type: message/disposition-notification',
      '',
      `Disposition: manual-action/MDN-sent-manually; ${disposition}`,
      '--x--',
    );
  assert.deepEqual(receipt('displayed'), { what: 'noted', note: 'read' });
  assert.deepEqual(receipt('deleted'), { what: 'noted', note: 'not-understood' });
});

test('hostile mail is read in bounded time and never throws', () => {
  const nested = Array.from({ length: 1_000 }, (_, n) => [
    `Content-Type: multipart/mixed; boundary="b${n}"`,
    '',
    `--b${n}`,
  ]).flat();
  const began = performance.now();
  read(...daemon, ...nested, '', 'the end');
  read(...daemon, `Content-Type: multipart/mixed; boundary="${'x'.repeat(70_000)}"`, '', 'x'.repeat(200_000));
  read(...daemon, 'Content-Type: multipart/mixed; boundary=x', '', ...Array.from({ length: 50_000 }, () => '--x\r\n'));
  read(...daemon, 'Content-Type: text/plain; charset="no-such-set"', '', 'Übergröße');
  read(...daemon, 'Content-Type: text/plain; charset="utf-16le"', 'Content-Transfer-Encoding: base64', '', '=A===%%%');
  read(...daemon, '', `${'<a@'.repeat(5_000)} ${'recipient '.repeat(3_000)} ${'no '.repeat(9_000)}`);
  read(`Subject: ${'Re: '.repeat(20_000)}`, `From: ${'<'.repeat(60_000)}`, '', '');
  for (let n = 0; n < 300; n += 1) readReturn(randomBytes(n * 7));
  readReturn(new Uint8Array(0));
  assert.ok(performance.now() - began < 5_000, String(performance.now() - began));
});
