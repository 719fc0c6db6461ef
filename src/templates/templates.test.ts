import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { createTestAccount } from '../../test/kit/account.ts';
import { ask, refusal, request, startApi, type TestApi } from '../../test/kit/api.ts';
import { type SmtpSink, startSmtpSink } from '../../test/kit/smtp-sink.ts';
import { until } from '../../test/kit/tracking.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import type { NewAccount } from '../accounts/index.ts';
import { sendBatch } from '../contract/batches.ts';
import { sendMessage } from '../contract/messages.ts';
import * as contract from '../contract/templates.ts';
import { type Delivery, startDelivery } from '../delivery/index.ts';
import { sendingRoutes } from '../sending/index.ts';
import { templateRoutes } from './index.ts';

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
  api = await startApi(world, () => [...sendingRoutes(world, sending), ...templateRoutes(world)]);
});
after(async () => {
  await api.close();
  await delivery.close();
  await sink.close();
  await world.close();
});

let names = 0;
const words = (change: object = {}) => {
  names += 1;
  return { name: `Visit ${names}`, subject: 'Hello {{ name }}', text: 'You come on {{ day }}.', ...change };
};
const create = (change: object = {}) => ask(api, contract.createTemplate, account.apiKey, { body: words(change) });
const code = (endpoint: Parameters<typeof refusal>[1], asked: object) => refusal(api, endpoint, account.apiKey, asked);

async function textFor(address: string): Promise<string> {
  await until(async () => sink.of(address).length > 0, 'a copy');
  return sink.of(address)[0]?.bytes.toString() ?? '';
}

test('a template is kept, listed, changed as a new version, read as it was, and deleted', async () => {
  const made = await create();
  assert.equal(made.version, 1);
  const params = { id: made.id };
  const changed = await ask(api, contract.changeTemplate, account.apiKey, { params, body: { text: 'On {{ day }}.' } });
  assert.deepEqual([changed.version, changed.text, changed.subject], [2, 'On {{ day }}.', made.subject]);
  const earlier = await ask(api, contract.readTemplate, account.apiKey, { params, query: { version: 1 } });
  assert.deepEqual([earlier.version, earlier.text], [1, made.text]);
  const { templates } = await ask(api, contract.listTemplates, account.apiKey);
  assert.deepEqual(
    templates.filter(({ id }) => id === made.id).map(({ name, version }) => [name, version]),
    [[made.name, 2]],
  );
  assert.equal((await request(api, contract.deleteTemplate, account.apiKey, { params })).status, 204);
  assert.equal(await code(contract.readTemplate, { params }), 'template.not_found');
  assert.equal(await code(contract.deleteTemplate, { params }), 'template.not_found');
  assert.equal(await code(contract.changeTemplate, { params, body: { name: 'x' } }), 'template.not_found');
});

test('what is not well formed, has no words or another’s name is not kept', async () => {
  const made = await create();
  const response = await request(api, contract.createTemplate, account.apiKey, {
    body: words({ html: '<p>\n\n{{ name | shout }}' }),
  });
  const problem = (await response.json()) as { code: string; errors: { field: string; message: string }[] };
  assert.equal(problem.code, 'template.syntax');
  assert.equal(problem.errors[0]?.field, 'html');
  assert.match(problem.errors[0]?.message ?? '', /^Line 3, column 1: .*shout/);
  assert.equal(await code(contract.createTemplate, { body: words({ text: null }) }), 'message.no_content');
  assert.equal(
    await code(contract.createTemplate, { body: words({ name: made.name.toUpperCase() }) }),
    'template.name_taken',
  );
  const other = await create();
  const params = { id: other.id };
  assert.equal(await code(contract.changeTemplate, { params, body: { name: made.name } }), 'template.name_taken');
  assert.equal(await code(contract.changeTemplate, { params, body: { text: '{% if' } }), 'template.syntax');
  assert.equal((await ask(api, contract.readTemplate, account.apiKey, { params })).version, 1);
});

test('of two that would take one name at once, one is told that it is taken', async () => {
  for (let round = 0; round < 4; round += 1) {
    const both = [await create(), await create()];
    const name = `Both ${round}`;
    const renamed = await Promise.all(
      both.map(({ id }) => request(api, contract.changeTemplate, account.apiKey, { params: { id }, body: { name } })),
    );
    assert.deepEqual(renamed.map(({ status }) => status).sort(), [200, 409]);
    const made = await Promise.all(
      [1, 2].map(() =>
        request(api, contract.createTemplate, account.apiKey, { body: words({ name: `Anew ${round}` }) }),
      ),
    );
    assert.deepEqual(made.map(({ status }) => status).sort(), [201, 409]);
  }
});

test('the list opens names and no words, but of templates from before names were sealed by themselves', async () => {
  const [younger, older] = [await create(), await create()];
  const owner = new pg.Client(world.database.connection);
  await owner.connect();
  await owner.query(`UPDATE template_versions SET content_sealed = '\\x00' WHERE template_id = $1`, [younger.id]);
  await owner.query('UPDATE templates SET name_sealed = NULL WHERE id = $1', [older.id]);
  await owner.end();
  const { templates } = await ask(api, contract.listTemplates, account.apiKey);
  const nameOf = (id: string) => templates.find((one) => one.id === id)?.name;
  assert.deepEqual([nameOf(younger.id), nameOf(older.id)], [younger.name, older.name]);
  await request(api, contract.deleteTemplate, account.apiKey, { params: { id: younger.id } });
});

test('names that would turn what stands beside them are refused', async () => {
  for (const mark of '\u202A\u202B\u202C\u202D\u202E\u2066\u2067\u2068\u2069')
    assert.equal(await code(contract.createTemplate, { body: words({ name: `a${mark}b` }) }), 'request.malformed');
  const { name } = await create({ name: 'تذكير بالموعد — Visit' });
  assert.equal(name, 'تذكير بالموعد — Visit', 'both directions stand in one name as ever');
});

test('a preview shows what becomes of sample data, also of words that are not kept yet', async () => {
  const { id } = await create({ html: '<p>{{ name }}</p>' });
  const params = { id };
  const shown = await ask(api, contract.previewTemplate, account.apiKey, {
    params,
    body: { data: { name: '<Ana>', day: 'Monday' }, subject: 'Dear {{ name }}' },
  });
  assert.deepEqual(shown, { subject: 'Dear <Ana>', html: '<p>&#60;Ana&#62;</p>', text: 'You come on Monday.' });
  assert.equal(await code(contract.previewTemplate, { params, body: { data: {} } }), 'template.value_missing');
  assert.equal(
    await code(contract.previewTemplate, { params, body: { data: { name: { a: 1 }, day: 'x' } } }),
    'template.value_unusable',
  );
  assert.equal(
    await code(contract.previewTemplate, { params, body: { data: { name: null, day: 'x' } } }),
    'template.value_missing',
  );
  assert.equal(
    await code(contract.previewTemplate, { params, body: { data: {}, html: null, text: '{{ 1 | divided_by: 0 }}' } }),
    'template.value_unusable',
  );
  const lenient = { params, body: { data: {}, missing: 'empty' } };
  assert.equal((await ask(api, contract.previewTemplate, account.apiKey, lenient)).text, 'You come on .');
});

test('words that are no template yet are previewed alike, and nothing is kept', async () => {
  const asked = { subject: 'Dear {{ name }}', html: '<b>{{ name }}</b>', text: '', data: { name: 'A & B' } };
  const before = await ask(api, contract.listTemplates, account.apiKey);
  const shown = await ask(api, contract.previewWords, account.apiKey, { body: asked });
  assert.deepEqual(shown, { subject: 'Dear A & B', html: '<b>A &#38; B</b>', text: null });
  const refused = await request(api, contract.previewWords, account.apiKey, {
    body: { ...asked, html: '<p>\n  {{ name }' },
  });
  const { code: why, errors } = (await refused.json()) as { code: string; errors: object[] };
  assert.deepEqual([refused.status, why, errors.length], [400, 'template.syntax', 1]);
  assert.match(JSON.stringify(errors), /"field":"html","message":"Line 2, column 3: /);
  assert.equal(
    await code(contract.previewWords, { body: { subject: 'x', data: {}, text: '{{ y }}' } }),
    'template.value_missing',
  );
  assert.deepEqual(await ask(api, contract.listTemplates, account.apiKey), before);
});

test('mail goes out as its template was when it was accepted, whatever became of it since', async () => {
  const { id } = await create();
  const sendAt = new Date(world.clock.now().getTime() + 60_000).toISOString();
  const recipients = [{ email: 'ana@old.example', name: 'Ana', data: { day: 'Monday' } }];
  const batch = { from: 'care@clinic.example', templateId: id, recipients };
  await ask(api, sendBatch, account.apiKey, { body: { ...batch, sendAt } });
  await ask(api, contract.changeTemplate, account.apiKey, { params: { id }, body: { text: 'New words, {{ day }}.' } });
  await ask(api, sendBatch, account.apiKey, {
    body: { ...batch, recipients: [{ ...recipients[0], email: 'ana@new.example' }] },
  });
  assert.match(await textFor('ana@new.example'), /New words, Monday\./);
  await request(api, contract.deleteTemplate, account.apiKey, { params: { id } });
  world.clock.advance(61_000);
  delivery.nudge();
  assert.match(await textFor('ana@old.example'), /You come on Monday\./);
});

test('one message takes a template with its data for all recipients alike', async () => {
  const { id } = await create();
  const body = {
    from: 'care@clinic.example',
    to: ['bo@one.example'],
    templateId: id,
    data: { name: 'all', day: 'Friday' },
  };
  await ask(api, sendMessage, account.apiKey, { body });
  const copy = await textFor('bo@one.example');
  assert.match(copy, /^Subject: Hello all\r$/m);
  assert.match(copy, /You come on Friday\./);
  assert.equal(await code(sendMessage, { body: { ...body, data: {} } }), 'template.value_missing');
  assert.equal(await code(sendMessage, { body: { ...body, text: 'mine' } }), 'request.malformed');
  const misplaced = { ...body, from: '{{ name }} <care@clinic.example>' };
  assert.equal(await code(sendMessage, { body: misplaced }), 'template.misplaced');
  assert.equal(await code(sendMessage, { body: { ...body, templateId: crypto.randomUUID() } }), 'template.not_found');
  assert.equal(
    await code(sendMessage, { body: { from: body.from, to: body.to, subject: 'x', text: 'x', data: {} } }),
    'request.malformed',
  );
  assert.equal(await code(sendMessage, { body: { from: body.from, to: body.to, text: 'x' } }), 'request.malformed');
});

test('an account keeps 200 templates and no more', async () => {
  const other = await createTestAccount(world);
  for (let n = 0; n < 200; n += 1) await ask(api, contract.createTemplate, other.apiKey, { body: words() });
  assert.equal(await refusal(api, contract.createTemplate, other.apiKey, { body: words() }), 'template.too_many');
  const { templates } = await ask(api, contract.listTemplates, other.apiKey);
  assert.equal(new Set(templates.map(({ name }) => name)).size, 200);
  assert.deepEqual(
    templates.map(({ updatedAt }) => updatedAt),
    templates
      .map(({ updatedAt }) => updatedAt)
      .toSorted()
      .toReversed(),
  );
});
