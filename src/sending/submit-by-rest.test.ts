import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import PostalMime from 'postal-mime';
import { createTestAccount } from '../../test/kit/account.ts';
import { startApi, type TestApi } from '../../test/kit/api.ts';
import { countMessages, type StoredMail, storedMail } from '../../test/kit/stored-mail.ts';
import { tryStatementsHere } from '../../test/kit/tried-elsewhere.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { accountVault, type NewAccount } from '../accounts/index.ts';
import type { Accepted, Submission } from '../contract/messages.ts';
import { decodeHeaderText } from '../core/message/index.ts';
import { sql } from '../platform/database.ts';
import type { AccountVault } from '../platform/vault.ts';
import { trackingRoutes } from '../tracking/index.ts';
import { eraseMessage } from './erase-message.ts';
import { sendingRoutes } from './index.ts';

tryStatementsHere(import.meta.filename);

let world: TestWorld;
let account: NewAccount;
let api: TestApi;
let vault: AccountVault;

before(async () => {
  world = await testWorld();
  account = await createTestAccount(world);
  vault = await accountVault(world, account.accountId);
  const options = { trackingUrl: 'https://t.clinic.example', maxMessageBytes: 1_000_000 };
  api = await startApi(world, () => [...sendingRoutes(world, options), ...trackingRoutes(world)]);
});
after(async () => {
  await api.close();
  await world.close();
});

interface Problem {
  readonly code: string;
  readonly errors?: readonly { readonly field: string }[];
}

const letter: Submission = {
  from: 'Clinic <care@clinic.example>',
  to: ['ana@example.org'],
  subject: 'Your visit',
  html: '<p>Good day. <a href="https://clinic.example/visit">Details</a></p>',
};

async function post(body: unknown, headers: Record<string, string> = {}, key = account.apiKey) {
  const response = await fetch(`${api.url}/v1/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

async function accept(change: Partial<Submission>): Promise<{ answer: Accepted; stored: StoredMail }> {
  const { status, text } = await post({ ...letter, ...change });
  assert.equal(status, 202, text);
  const answer = JSON.parse(text) as Accepted;
  const stored = (await storedMail(world, account.accountId)).find(({ id }) => id === answer.id);
  assert.ok(stored);
  return { answer, stored };
}

async function refusal(change: object): Promise<{ status: number; code: string; field: string | undefined }> {
  const { status, text } = await post({ ...letter, ...change });
  const problem = JSON.parse(text) as Problem;
  return { status, code: problem.code, field: problem.errors?.[0]?.field };
}

const parsed = (stored: StoredMail) => PostalMime.parse(stored.octets);

test('a message is accepted with an id, a recipient each and a warning that the sender is not verified', async () => {
  const { answer, stored } = await accept({ to: ['Ana Núñez <ana@example.org>', { email: 'ben@example.org' }] });
  assert.deepEqual(
    answer.recipients.map(({ email, status }) => ({ email, status })),
    [
      { email: 'ana@example.org', status: 'queued' },
      { email: 'ben@example.org', status: 'queued' },
    ],
  );
  assert.match(answer.warnings?.[0] ?? '', /not verified/);
  assert.deepEqual(
    stored.recipients.map(({ id }) => id),
    answer.recipients.map(({ id }) => id),
  );
  assert.equal(stored.header.ownTo, true);
  assert.equal(stored.header.envelopeFrom, 'care@clinic.example');
});

test('the message names no recipient itself, unless recipients are disclosed', async () => {
  const alone = await parsed((await accept({ to: ['ana@example.org', 'ben@example.org'] })).stored);
  assert.equal(alone.to, undefined);
  const { stored } = await accept({ to: ['Ana <ana@example.org>', 'ben@example.org'], discloseRecipients: true });
  assert.equal(stored.header.ownTo, false);
  assert.deepEqual(
    (await parsed(stored)).to?.map(({ name, address }) => `${name}/${address}`),
    ['Ana/ana@example.org', '/ben@example.org'],
  );
});

test('subject, names, bodies and file names of any script arrive as written', async () => {
  const text = 'Grüezi Ана\n\nZeile mit = und trailing   \n.\nFrom here';
  const { stored } = await accept({
    from: '"Praxis Müller, Dr. „Ä“" <care@clinic.example>',
    subject: 'Ваш визит – 診察の予約 🩺 and a long line that has to be folded somewhere in the middle of it all',
    replyTo: 'Empfang <desk@clinic.example>',
    html: '<p>Grüezi 診察</p>',
    text,
    attachments: [
      { filename: 'Überweisung – 診察 (1).pdf', contentType: 'application/pdf', contentBase64: 'JVBERi0xLjQK' },
      { filename: 'quote";name="x.txt', contentType: 'text/plain; charset=utf-8', contentBase64: 'w6Q=' },
    ],
  });
  const mail = await parsed(stored);
  assert.equal(
    mail.subject,
    'Ваш визит – 診察の予約 🩺 and a long line that has to be folded somewhere in the middle of it all',
  );
  assert.deepEqual(mail.from, { name: 'Praxis Müller, Dr. „Ä“', address: 'care@clinic.example' });
  assert.deepEqual(mail.replyTo, [{ name: 'Empfang', address: 'desk@clinic.example' }]);
  assert.equal(mail.text?.replace(/\r?\n/g, '\n').replace(/\n$/, ''), text);
  assert.equal(mail.html?.trim(), '<p>Grüezi 診察</p>');
  assert.deepEqual(
    mail.attachments.map(({ filename, mimeType }) => `${filename} ${mimeType}`),
    ['Überweisung – 診察 (1).pdf application/pdf', 'quote";name="x.txt text/plain'],
  );
  assert.equal(Buffer.from(mail.attachments[1]?.content as ArrayBuffer).toString(), 'ä');
  assert.match(stored.octets.toString('latin1'), /^[\x20-\x7e\r\n\t]*$/, 'seven bits only');
  assert.ok(
    stored.octets
      .toString('latin1')
      .split('\r\n')
      .every((line) => line.length <= 200),
  );
});

test('a carriage return alone in a body is a line end, not a reason to refuse it', async () => {
  const { stored } = await accept({ html: '<p>a</p>\r<p>b</p>', text: 'a\r\r\nb\r\nc' });
  const mail = await parsed(stored);
  assert.equal(mail.html?.trim(), '<p>a</p>\n<p>b</p>');
  assert.equal(mail.text?.trim(), 'a\n\nb\nc');
});

test('date and message id are ours, and the same submission at the same time differs in its id only', async () => {
  const first = await accept({});
  const second = await accept({});
  const mail = await parsed(first.stored);
  assert.equal(mail.messageId, `<${first.answer.id}@clinic.example>`);
  assert.equal(mail.date, world.clock.now().toISOString());
  const anonymous = ({ answer, stored }: typeof first) =>
    stored.octets.toString().replaceAll(answer.id, '').replaceAll(answer.id.replaceAll('-', ''), '');
  assert.equal(anonymous(first), anonymous(second));
});

test('an address that comes twice is one recipient, and its strictest wish counts', async () => {
  const { answer, stored } = await accept({
    to: ['Ana <ana@example.org>', { email: 'ANA@example.org', tracking: { level: 'anonymous' } }, 'ana@Example.ORG'],
  });
  assert.deepEqual(
    answer.recipients.map(({ email }) => email),
    ['ana@example.org'],
  );
  assert.equal(stored.recipients[0]?.level, 'anonymous');
});

test('addresses beyond ASCII are accepted', async () => {
  const { answer } = await accept({
    to: ['jürgen@bücher.example', 'ana@xn--bcher-kva.example', 'ω@παράδειγμα.example'],
  });
  assert.deepEqual(
    answer.recipients.map(({ email }) => email),
    ['jürgen@bücher.example', 'ana@xn--bcher-kva.example', 'ω@παράδειγμα.example'],
  );
});

test('an invalid address is refused and named by its place, never by its text', async () => {
  for (const bad of [
    '',
    'ana',
    'ana@',
    '@example.org',
    'a@b@c.example',
    'ana example.org',
    'a@x.example, b@x.example',
  ]) {
    const { status, text } = await post({
      ...letter,
      to: ['ok@example.org', 'ok2@example.org', 'ok3@example.org', bad],
    });
    const problem = JSON.parse(text) as Problem;
    assert.deepEqual(
      [status, problem.code, problem.errors?.[0]?.field],
      [400, 'message.invalid_address', 'to[3]'],
      bad,
    );
    if (bad.length > 3) assert.ok(!text.includes(bad));
  }
  const tooLong = `${'a'.repeat(64)}@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(60)}.example`;
  assert.equal((await refusal({ to: [tooLong] })).code, 'message.invalid_address');
});

test('no recipient, too many, no content, a wrong sender: each is refused by its code', async () => {
  assert.equal((await refusal({ to: [] })).code, 'message.no_recipients');
  const crowd = Array.from({ length: 1_001 }, (_, n) => `p${n}@example.org`);
  assert.equal((await refusal({ to: crowd })).code, 'message.too_many_recipients');
  assert.equal((await refusal({ html: undefined })).code, 'message.no_content');
  assert.equal((await refusal({ html: '', text: '' })).code, 'message.no_content');
  for (const from of ['', 'Clinic', 'a@clinic.example, b@clinic.example'])
    assert.equal((await refusal({ from })).code, 'message.invalid_from', from);
  assert.equal((await refusal({ replyTo: 'nobody' })).code, 'message.invalid_address');
});

test('a thousand recipients are accepted at once', async () => {
  const crowd = Array.from({ length: 1_000 }, (_, n) => `p${n}@example.org`);
  const { answer, stored } = await accept({ to: crowd });
  assert.deepEqual(
    answer.recipients.map(({ email }) => email),
    crowd,
  );
  assert.deepEqual(
    stored.recipients.map(({ address }) => address),
    crowd,
  );
});

test('a line break in any header value is refused and reaches no header', async () => {
  const injection = 'x\r\nBcc: victim@example.org';
  const attempts: [object, string][] = [
    [{ subject: injection }, 'subject'],
    [{ subject: 'x\nBcc: victim@example.org' }, 'subject'],
    [{ from: `Clinic ${injection} <care@clinic.example>` }, 'from'],
    [{ replyTo: `Clinic ${injection} <care@clinic.example>` }, 'replyTo'],
    [{ campaign: injection }, 'campaign'],
    [{ tags: ['ok', injection] }, 'tags[1]'],
    [{ headers: { 'X-Note': injection } }, 'headers[0]'],
    [{ headers: { 'X-Note\r\nBcc': 'x' } }, 'headers[0]'],
    [
      { attachments: [{ filename: injection, contentType: 'text/plain', contentBase64: '' }] },
      'attachments[0].filename',
    ],
    [
      { attachments: [{ filename: 'x', contentType: `text/${injection}`, contentBase64: '' }] },
      'attachments[0].contentType',
    ],
  ];
  for (const [change, field] of attempts)
    assert.deepEqual(await refusal(change), { status: 400, code: 'message.header_malformed', field }, field);
  assert.equal((await refusal({ to: [injection] })).code, 'message.invalid_address');
});

test('custom headers that inform are taken, those that forge or repeat are refused', async () => {
  const { stored } = await accept({
    headers: {
      'X-Ticket': 'Größe 7',
      'List-Unsubscribe': '<https://clinic.example/leave>',
      References: '<a@b.example>',
    },
  });
  const { headers } = await parsed(stored);
  const value = (key: string) => headers.find((header) => header.key === key)?.value;
  assert.equal(decodeHeaderText(value('x-ticket') ?? ''), 'Größe 7');
  assert.equal(value('list-unsubscribe'), '<https://clinic.example/leave>');
  for (const name of [
    'From',
    'to',
    'Bcc',
    'Sender',
    'Received',
    'DKIM-Signature',
    'Return-Path',
    'Content-Type',
    'Message-ID',
    'X-Waxwing-Track',
  ])
    assert.equal((await refusal({ headers: { [name]: 'x' } })).code, 'message.header_not_allowed', name);
  assert.equal((await refusal({ headers: { 'X-A': '1', 'x-a': '2' } })).code, 'message.header_malformed');
});

test('base64 is read strictly, but for line breaks', async () => {
  const wrapped = { filename: 'x', contentType: 'text/plain', contentBase64: 'w6Q=\r\n' };
  await accept({ attachments: [wrapped] });
  for (const contentBase64 of ['w6', 'w6Q', 'w6Q= ', 'w6R=', '%%%%', 'w6Q==', 'w-_='])
    assert.deepEqual(
      await refusal({ attachments: [{ filename: 'x', contentType: 'text/plain', contentBase64 }] }),
      { status: 400, code: 'attachment.invalid_base64', field: 'attachments[0].contentBase64' },
      contentBase64,
    );
});

test('a message too large is refused, by its parts or composed', async () => {
  const contentBase64 = Buffer.alloc(800_000).toString('base64');
  const attachments = [{ filename: 'x', contentType: 'application/pdf', contentBase64 }];
  assert.deepEqual(
    [(await refusal({ attachments })).status, (await refusal({ attachments })).code],
    [413, 'message.too_large'],
  );
  assert.equal((await refusal({ text: 'ü'.repeat(400_000) })).code, 'message.too_large');
});

test('sendAt ahead is when delivery may begin; past means now; beyond 30 days is refused', async () => {
  const dueAt = async (sendAt: string) => (await accept({ sendAt })).stored.recipients[0]?.dueAt.toISOString();
  assert.equal(await dueAt('2026-11-29T12:00:00+01:00'), '2026-11-29T11:00:00.000Z');
  assert.equal(await dueAt('2020-01-01T00:00:00Z'), world.clock.now().toISOString());
  assert.deepEqual(await refusal({ sendAt: '2026-12-23T12:00:01Z' }), {
    status: 400,
    code: 'request.malformed',
    field: 'sendAt',
  });
});

test('the strictest of account, message, recipient and stored consent decides tracking and is frozen', async () => {
  const change = (level: string) =>
    world.db.asAccount(account.accountId, (tx) => tx.query(sql`UPDATE account_settings SET tracking_level = ${level}`));
  await fetch(`${api.url}/v1/tracking-consents/${encodeURIComponent('Shy@example.org')}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${account.apiKey}`, 'content-type': 'application/json' },
    body: '{"level":"off"}',
  });
  const to = [
    'ana@example.org',
    'shy@EXAMPLE.org',
    { email: 'ben@example.org', tracking: { level: 'anonymous' as const } },
  ];
  const levels = async (submission: Partial<Submission>) =>
    (await accept({ to, ...submission })).stored.recipients.map(
      ({ level, opens, clicks }) => `${level} ${opens} ${clicks}`,
    );
  assert.deepEqual(await levels({}), ['identified true true', 'off false false', 'anonymous true true']);
  assert.deepEqual(await levels({ tracking: { opens: false } }), [
    'identified false true',
    'off false false',
    'anonymous false true',
  ]);
  await change('anonymous');
  assert.deepEqual(await levels({ tracking: { level: 'identified' } }), [
    'anonymous true true',
    'off false false',
    'anonymous true true',
  ]);
  await change('off');
  const { stored } = await accept({ to });
  assert.deepEqual([...new Set(stored.recipients.map(({ level }) => level))], ['off']);
  assert.deepEqual([stored.plan.untouched, stored.plan.leaves], ['not-asked', []]);
  await change('identified');
});

test('a consent holds for both forms of an international domain', async () => {
  await fetch(`${api.url}/v1/tracking-consents/${encodeURIComponent('lou@b\u00fccher.example')}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${account.apiKey}`, 'content-type': 'application/json' },
    body: '{"level":"off"}',
  });
  for (const to of ['lou@bücher.example', 'Lou@xn--bcher-kva.example'])
    assert.equal((await accept({ to: [to] })).stored.recipients[0]?.level, 'off', to);
});

test('the same key and body give exactly the same answer once, in any spelling of the JSON', async () => {
  const headers = { 'idempotency-key': 'visit-4711' };
  const first = await post(letter, headers);
  const before = await countMessages(world, account.accountId);
  assert.deepEqual(await post(letter, headers), first);
  const { html, ...rest } = letter;
  assert.deepEqual(await post(JSON.stringify({ html, ...rest }, null, 2), headers), first);
  assert.equal(await countMessages(world, account.accountId), before);
});

test('of an answer only ids are kept for the account; it comes again byte for byte, and after an erasure without addresses', async () => {
  const to = ['Zoë Müller <Zoe.M+Results@Bücher.example>', { email: 'ben@example.org' }, 'cleo@example.org'];
  const headers = { 'idempotency-key': 'visit-4715' };
  const first = await post({ ...letter, to }, headers);
  const answer = JSON.parse(first.text) as Accepted;
  assert.deepEqual(
    answer.recipients.map(({ email }) => email),
    ['Zoe.M+Results@Bücher.example', 'ben@example.org', 'cleo@example.org'],
  );
  assert.equal((await post({ ...letter, to }, headers)).text, first.text);
  const [kept] = await world.db.readAccount(account.accountId, (tx) =>
    tx.query<{ sealed: Buffer }>(sql`
      SELECT response_sealed AS sealed FROM idempotency_keys WHERE message_id = ${answer.id}`),
  );
  const text = vault.open('idempotency.response', kept?.sealed ?? Buffer.alloc(0)).toString();
  assert.deepEqual(JSON.parse(text), { id: answer.id, warnings: answer.warnings });
  const caller = { accountId: account.accountId, actor: { kind: 'system', id: 'test' } } as const;
  await eraseMessage(world, caller, answer.id);
  const before = await countMessages(world, account.accountId);
  const recipients = answer.recipients.map((recipient) => ({ ...recipient, email: '' }));
  const { status, text: again } = await post({ ...letter, to }, headers);
  assert.deepEqual([status, JSON.parse(again)], [202, { ...answer, recipients }]);
  assert.equal(await countMessages(world, account.accountId), before, 'nothing is sent anew');
});

test('an answer that an older version kept with its addresses comes again as it was, until its message is erased', async () => {
  const headers = { 'idempotency-key': 'visit-4716' };
  const first = await post(letter, headers);
  const { id } = JSON.parse(first.text) as Accepted;
  const owner = new pg.Client(world.database.connection);
  await owner.connect();
  await owner.query('UPDATE idempotency_keys SET response_sealed = $1 WHERE message_id = $2', [
    vault.seal('idempotency.response', first.text),
    id,
  ]);
  await owner.end();
  assert.equal((await post(letter, headers)).text, first.text);
  const caller = { accountId: account.accountId, actor: { kind: 'system', id: 'test' } } as const;
  const { notCovered } = await eraseMessage(world, caller, id);
  assert.match(notCovered, /stored by an older version.*answers to repeated requests/);
  assert.doesNotMatch((await post(letter, headers)).text, /@/);
});

test('the same key with another body is refused, another account may use it', async () => {
  const headers = { 'idempotency-key': 'visit-4712' };
  await post(letter, headers);
  const { status, text } = await post({ ...letter, subject: 'Another' }, headers);
  assert.deepEqual([status, (JSON.parse(text) as Problem).code], [409, 'idempotency.key_reused']);
  const other = await createTestAccount(world, 'Other Clinic');
  assert.equal((await post({ ...letter, subject: 'Another' }, headers, other.apiKey)).status, 202);
  assert.equal(await countMessages(world, other.accountId), 1);
});

test('twenty simultaneous requests with one key give one message and twenty equal answers', async () => {
  const before = await countMessages(world, account.accountId);
  const headers = { 'idempotency-key': 'visit-4713' };
  const answers = await Promise.all(Array.from({ length: 20 }, () => post(letter, headers)));
  assert.equal(new Set(answers.map(({ text }) => text)).size, 1);
  assert.equal(answers[0]?.status, 202);
  assert.equal(await countMessages(world, account.accountId), before + 1);
});

test('a refused request does not use up its key', async () => {
  const headers = { 'idempotency-key': 'visit-4714' };
  assert.equal((await post({ ...letter, to: [] }, headers)).status, 400);
  assert.equal((await post(letter, headers)).status, 202);
});

test('an unusable key is refused', async () => {
  for (const key of ['', 'x'.repeat(256), 'a\tb']) {
    const { status, text } = await post(letter, { 'idempotency-key': key });
    assert.deepEqual([status, (JSON.parse(text) as Problem).code], [400, 'idempotency.key_invalid'], key);
  }
});

test('without a key, with a wrong one: refused before anything is read', async () => {
  assert.equal((await post('not json', {}, 'wx_wrong')).status, 401);
  const response = await fetch(`${api.url}/v1/messages`, { method: 'POST', body: 'x' });
  assert.equal(response.status, 401);
});

test('accounts see nothing of each other', async () => {
  const other = await createTestAccount(world, 'Third Clinic');
  const { status } = await post(letter, {}, other.apiKey);
  assert.equal(status, 202);
  assert.equal((await storedMail(world, other.accountId)).length, 1);
  const mine = await storedMail(world, account.accountId);
  const theirs = await storedMail(world, other.accountId);
  assert.ok(!mine.some(({ id }) => id === theirs[0]?.id));
});

test('no log line holds an address, a subject or the content', async () => {
  await post({
    ...letter,
    to: ['canary-recipient@example.org'],
    subject: 'canary-subject',
    html: '<p>canary-body</p>',
    campaign: 'canary-campaign',
  });
  await post({ ...letter, to: ['canary recipient'], subject: 'canary-subject' });
  assert.doesNotMatch(world.logLines.join('\n').toLowerCase(), /canary/);
});
