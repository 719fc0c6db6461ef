import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import PostalMime from 'postal-mime';
import { createTestAccount } from '../../test/kit/account.ts';
import { ask, refusal, startApi, type TestApi } from '../../test/kit/api.ts';
import { type SmtpSink, startSmtpSink } from '../../test/kit/smtp-sink.ts';
import { until } from '../../test/kit/tracking.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import type { NewAccount } from '../accounts/index.ts';
import { type BatchSubmission, readBatch, sendBatch } from '../contract/batches.ts';
import { readMessage } from '../contract/messages.ts';
import { openToken } from '../core/token.ts';
import { type Delivery, startDelivery } from '../delivery/index.ts';
import { sql } from '../platform/database.ts';
import type { Caller } from '../platform/route.ts';
import { reportRoutes } from '../reports/index.ts';
import { tokenKeys } from '../tracking/index.ts';
import { openDesk } from './accept-message.ts';
import { sendingRoutes } from './index.ts';
import { submitBatch } from './submit-batch.ts';

const trackingUrl = 'https://t.clinic.example';
let world: TestWorld;
let account: NewAccount;
let sink: SmtpSink;
let delivery: Delivery;
let api: TestApi;

before(async () => {
  world = await testWorld();
  account = await createTestAccount(world);
  sink = await startSmtpSink();
  delivery = startDelivery(world, {
    smarthost: `smtp://127.0.0.1:${sink.port}`,
    mxPort: 25,
    trackingUrl,
    helloName: 'clinic.example',
    dnsServers: ['127.0.0.1:1'],
    pollMs: 20,
  });
  const sending = { trackingUrl, onQueued: () => delivery.nudge() };
  api = await startApi(world, () => [...sendingRoutes(world, sending), ...reportRoutes(world)]);
});
after(async () => {
  await api.close();
  await delivery.close();
  await sink.close();
  await world.close();
});

const letter = {
  from: 'Clinic <care@clinic.example>',
  subject: 'Your visit, {{ name }}',
  html: '<p>Dear {{ name }}, you come on {{ day }}.</p><a href="https://clinic.example/visit?who={{ name }}&amp;day={{ day | url_encode }}">Your visit</a> <a href="https://clinic.example/way">The way</a>',
  text: 'Dear {{ name }}, you come on {{ day }}: https://clinic.example/visit?who={{ name }}',
};

const send = (change: Partial<BatchSubmission>) =>
  ask(api, sendBatch, account.apiKey, { body: { ...letter, ...change } });

async function refused(change: Partial<BatchSubmission>) {
  const response = await fetch(`${api.url}/v1/batches`, {
    method: 'POST',
    headers: { authorization: `Bearer ${account.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...letter, ...change }),
  });
  const { code, errors = [] } = (await response.json()) as {
    code: string;
    errors?: { field: string; message: string }[];
  };
  return { status: response.status, code, errors };
}

async function copyFor(address: string) {
  await until(async () => sink.of(address).length > 0, 'a copy for one recipient');
  assert.equal(sink.of(address).length, 1, 'exactly one copy');
  const raw = sink.of(address)[0]?.bytes ?? Buffer.alloc(0);
  return { raw: raw.toString('latin1'), ...(await PostalMime.parse(raw)) };
}

/** Where the tracked links of a copy lead, with the number that each is counted under. */
function linksOf(html: string | undefined) {
  const keys = tokenKeys(world.vault);
  return [...(html ?? '').matchAll(/href="https:\/\/t\.clinic\.example\/c\/([^"]+)"/g)].map(([, token = '']) => {
    const opened = openToken(keys, token);
    if (opened.kind !== 'valid' || opened.content.kind !== 'click') return null;
    return { number: opened.content.linkIndex, url: opened.content.url };
  });
}

test('each copy is in its recipient’s own words, names only them, and its links lead where theirs lead', async () => {
  const {
    id,
    accepted,
    refused: none,
  } = await send({
    recipients: [
      { email: 'ana@one.example', name: 'Ana Núñez', data: { day: 'Monday & more' } },
      { email: 'ben@one.example', name: '"Ben" <x@evil.example>', data: { day: '<b>Tuesday</b>' } },
    ],
  });
  assert.deepEqual([accepted, none], [2, []]);
  const ana = await copyFor('ana@one.example');
  assert.deepEqual(ana.to, [{ address: 'ana@one.example', name: 'Ana Núñez' }]);
  assert.equal(ana.subject, 'Your visit, Ana Núñez');
  assert.match(ana.html ?? '', /Dear Ana Núñez, you come on Monday &#38; more\./);
  assert.match(
    ana.text ?? '',
    /you come on Monday & more: https:\/\/clinic\.example\/visit\?who=Ana%20N%C3%BA%C3%B1ez/,
  );
  assert.deepEqual(linksOf(ana.html), [
    { number: 0, url: 'https://clinic.example/visit?who=Ana%20N%C3%BA%C3%B1ez&day=Monday+%26+more' },
    { number: 1, url: 'https://clinic.example/way' },
  ]);
  assert.match(ana.html ?? '', /<img [^>]*src="https:\/\/t\.clinic\.example\/o\//);
  const ben = await copyFor('ben@one.example');
  assert.deepEqual(ben.to, [{ address: 'ben@one.example', name: '"Ben" <x@evil.example>' }]);
  assert.match(ben.html ?? '', /you come on &#60;b&#62;Tuesday&#60;\/b&#62;/);
  assert.deepEqual(
    linksOf(ben.html).map((link) => link?.number),
    [0, 1],
    'a link is the same one whoever it was sent to',
  );
  assert.ok(!ben.raw.includes('ana@one.example') && !ana.raw.includes('ben@one.example'));
  await until(
    async () => (await ask(api, readBatch, account.apiKey, { params: { id } })).isDone,
    'the batch to be done',
  );
  const { acceptedAt: _at, ...progress } = await ask(api, readBatch, account.apiKey, { params: { id } });
  assert.deepEqual(progress, {
    ...{ id, campaign: null, departmentId: null, sendAt: null, recipients: 2 },
    ...{ queued: 0, deferred: 0, delivered: 2, bounced: 0, dropped: 0, isDone: true },
  });
});

test('what a value holds never becomes a header, a tag or an address of another kind', async () => {
  const hostile = 'x\r\nBcc: eve@evil.example\r\n\r\n<script>alert(1)</script>';
  await send({
    subject: 'Hello {{ v }}',
    text: '{{ v }}',
    html: '<p title="{{ v }}">{{ v }}</p><a href="https://clinic.example/{{ v }}">x</a>',
    recipients: [{ email: 'eve@two.example', data: { v: hostile } }],
  });
  const copy = await copyFor('eve@two.example');
  assert.ok(copy.headers.every(({ key }) => key !== 'bcc'));
  assert.equal(copy.subject, 'Hello x Bcc: eve@evil.example <script>alert(1)</script>');
  assert.ok(!(copy.html ?? '').includes('<script'));
  const { code, errors } = await refused({
    html: '<a href="{{ v }}">x</a>',
    recipients: [{ email: 'eve@two.example', data: { v: 'javascript:alert(1)', day: 'x' }, name: 'E' }],
  });
  assert.equal(code, 'batch.recipients_refused');
  assert.match(errors[0]?.message ?? '', /template\.value_unusable/);
});

test('a letter without placeholders keeps one plan, and still names each recipient alone', async () => {
  const { id } = await send({
    ...{ subject: 'Closed on Monday', html: '<a href="https://clinic.example/">x</a>', text: 'Closed' },
    recipients: [{ email: 'cy@three.example', name: 'Cy' }, { email: 'di@three.example' }],
  });
  const cy = await copyFor('cy@three.example');
  assert.deepEqual(cy.to, [{ address: 'cy@three.example', name: 'Cy' }]);
  assert.deepEqual(linksOf(cy.html), [{ number: 0, url: 'https://clinic.example/' }]);
  assert.match((await copyFor('di@three.example')).raw, /^To: di@three\.example\r$/m);
  const [row] = await world.db.readAccount(account.accountId, (tx) =>
    tx.query<{ bodies: number }>(sql`SELECT count(*) AS bodies FROM message_contents WHERE message_id = ${id}`),
  );
  assert.equal(row?.bodies, 1, 'the body is stored once');
});

test('recipients without a value that the letter asks for refuse the whole batch, named by their index alone', async () => {
  const recipients = [
    { email: 'eli@four.example', name: 'Eli', data: { day: 'Friday' } },
    { email: 'fay@four.example', name: 'Fay' },
    { email: 'not an address', name: 'Gus', data: { day: 'Friday' } },
  ];
  const { status, code, errors } = await refused({ recipients });
  assert.deepEqual([status, code], [400, 'batch.recipients_refused']);
  assert.deepEqual(
    errors.map(({ field, message }) => [field, message.split(':')[0]]),
    [
      ['recipients[1]', 'template.value_missing'],
      ['recipients[2]', 'message.invalid_address'],
    ],
  );
  assert.ok(!JSON.stringify(errors).includes('four.example'));
  const part = await send({ recipients, partial: true });
  assert.equal(part.accepted, 1);
  assert.deepEqual(
    part.refused.map(({ index, code: why }) => [index, why]),
    [
      [1, 'template.value_missing'],
      [2, 'message.invalid_address'],
    ],
  );
  await copyFor('eli@four.example');
  const lenient = await send({ recipients: [{ email: 'fay@four.example', name: 'Fay' }], missing: 'empty' });
  assert.equal(lenient.accepted, 1);
  assert.match((await copyFor('fay@four.example')).html ?? '', /you come on \./);
});

test('one address comes again with other data, and the very same entry does not', async () => {
  const entry = { email: 'mother@five.example', name: 'Ida', data: { day: 'Monday' } };
  const { code, errors } = await refused({ recipients: [entry, { ...entry, email: 'Mother@Five.example' }] });
  assert.equal(code, 'batch.recipients_refused');
  assert.deepEqual([errors[0]?.field, errors.length], ['recipients[1]', 1]);
  await send({ recipients: [entry, { ...entry, data: { day: 'Tuesday' } }] });
  await until(async () => sink.of('mother@five.example').length === 2, 'two copies');
});

test('many recipients of one message are read in pages, in the order of the batch', async () => {
  const recipients = Array.from({ length: 25 }, (_, n) => ({
    email: `r${n}@ten.example`,
    name: `R${n}`,
    data: { day: 'x' },
  }));
  const { id } = await send({ recipients });
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await ask(api, readMessage, account.apiKey, {
      params: { id },
      query: { limit: 10, ...(cursor === undefined ? {} : { cursor }) },
    });
    seen.push(...page.recipients.map(({ email }) => email));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  assert.deepEqual(
    seen,
    recipients.map(({ email }) => email),
  );
  assert.equal(
    await refusal(api, readMessage, account.apiKey, { params: { id }, query: { cursor: '7' } }),
    'request.bad_cursor',
  );
});

test('the same key with the same body is one batch; with another body it is refused', async () => {
  const post = (body: object) =>
    fetch(`${api.url}/v1/batches`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${account.apiKey}`,
        'content-type': 'application/json',
        'idempotency-key': 'k1',
      },
      body: JSON.stringify({ ...letter, ...body }),
    });
  const body = { recipients: [{ email: 'kim@six.example', name: 'Kim', data: { day: 'Monday' } }] };
  const both = await Promise.all([post(body), post(body)]);
  const [first, second] = await Promise.all(both.map((one) => one.text()));
  assert.equal(first, second);
  assert.equal(await (await post(body)).text(), first);
  await copyFor('kim@six.example');
  const other = await post({ recipients: [{ email: 'lea@six.example', name: 'Lea', data: { day: 'Monday' } }] });
  assert.equal(((await other.json()) as { code: string }).code, 'idempotency.key_reused');
});

test('a template that is not well formed is refused with its line and column, and so is what could read or run', async () => {
  const recipients = [{ email: 'moe@seven.example', name: 'Moe', data: { day: 'x' } }];
  const { code, errors } = await refused({ recipients, html: '<p>\n  {% if name %}' });
  assert.equal(code, 'template.syntax');
  assert.equal(errors[0]?.field, 'html');
  assert.match(errors[0]?.message ?? '', /^Line 2, column 3: /);
  for (const html of [
    '{% include "x" %}',
    '{% render "/etc/passwd" %}',
    '{% layout "x" %}',
    '{{ name | raw }}',
    '{% echo name %}',
    '{% capture x %}{% endcapture %}',
  ])
    assert.equal((await refused({ recipients, html })).code, 'template.syntax', html);
  for (const text of ['{{ name.constructor }}', '{{ __proto__ }}', '{{ day.toString }}'])
    assert.match((await refused({ recipients, text })).errors[0]?.message ?? '', /template\.value_missing/, text);
});

test('a letter that would loop for ever or write without end is refused, soon', async () => {
  const list = Array.from({ length: 1_000 }, (_, n) => n % 10);
  const recipients = [{ email: 'noa@eight.example', name: 'Noa', data: { day: 'x', list, long: 'x'.repeat(1_000) } }];
  for (const text of [
    '{% for a in list %}{% for b in list %}{% for c in list %}{% endfor %}{% endfor %}{% endfor %}',
    '{% for a in (1..1000000000) %}x{% endfor %}',
    '{% assign s = "xxxxxxxxxx" %}{% for a in list %}{% assign s = s | append: s %}{% endfor %}{{ s }}',
    '{{ long }}'.repeat(2_500),
  ]) {
    const { errors } = await refused({ recipients, text });
    assert.match(errors[0]?.message ?? '', /template\.value_unusable/, text);
  }
});

test('a copy that its values make larger than a message may be is refused, and the others go', async () => {
  const { accountId } = account;
  const caller: Caller = { accountId, actor: { kind: 'system', id: 'test' } };
  const desk = openDesk(world, { trackingUrl, maxMessageBytes: 8_000 });
  const recipients = [
    { email: 'pia@ten.example', name: 'Pia', data: { day: 'Monday' } },
    { email: 'quy@ten.example', name: 'Quy', data: { day: 'x'.repeat(7_000) } },
  ];
  const answer = await submitBatch(desk, caller, { ...letter, recipients, partial: true }, undefined);
  assert.deepEqual(
    [answer.accepted, answer.refused.map(({ index, code }) => [index, code])],
    [1, [[1, 'message.too_large']]],
  );
});

test('nobody, too many, no words and a null subject are refused as for a message', async () => {
  const code = (change: object) => refusal(api, sendBatch, account.apiKey, { body: { ...letter, ...change } });
  const one = { email: 'ann@nine.example', name: 'A', data: { day: 'x' } };
  assert.equal(await code({ recipients: [] }), 'message.no_recipients');
  assert.equal(
    await code({ recipients: Array.from({ length: 10_001 }, () => ({ email: 'a@b.example' })) }),
    'message.too_many_recipients',
  );
  assert.equal(await code({ recipients: [one], html: undefined, text: undefined }), 'message.no_content');
  assert.equal(
    (await refused({ recipients: [{ ...one, data: { day: 'x'.repeat(20_000) } }] })).errors[0]?.message.split(':')[0],
    'batch.data_too_large',
  );
});

test('a placeholder in a sender or reply address is refused, as it would go out as written', async () => {
  const recipients = [{ email: 'ana@six.example', name: 'Ana', data: { day: 'Monday' } }];
  for (const [field, value] of [
    ['from', '{{ name }} <care@clinic.example>'],
    ['from', '{% if name %}Clinic{% endif %} <care@clinic.example>'],
    ['replyTo', '"{{ name }}" <care@clinic.example>'],
  ] as const) {
    const { status, code, errors } = await refused({ [field]: value, recipients });
    assert.deepEqual([status, code, errors[0]?.field], [400, 'template.misplaced', field]);
  }
  assert.equal(sink.of('ana@six.example').length, 0);
});
