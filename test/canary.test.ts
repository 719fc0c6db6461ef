/**
 * What people wrote, and who they are, goes in by every door of the whole program on its own database; then everything
 * that lies on the disk is searched for it, in every spelling. Nothing is stopped before: a stolen disk is not either.
 */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pino } from 'pino';
import { readConfig } from '../src/config.ts';
import { webhookEventTypes } from '../src/contract/webhooks.ts';
import { type Program, startProgram } from '../src/main.ts';
import { sql } from '../src/platform/database.ts';
import { joinDatabaseServer } from '../src/platform/database-server.ts';
import { systemClock } from '../src/platform/world.ts';
import { tell } from '../src/providers/fixtures/story.ts';
import { makeBackup } from '../src/upkeep/index.ts';
import { type DnsServer, startDnsServer } from './kit/dns-server.ts';
import { findBelow, findIn, needlesFor } from './kit/needles.ts';
import { acceptByPassword, type Person, personAt } from './kit/person.ts';
import { newReporter } from './kit/signed-report.ts';
import { type SinkReply, type SmtpSink, startSmtpSink } from './kit/smtp-sink.ts';
import { mail, RawClient } from './kit/submission.ts';
import { writtenPolicy, writtenReport } from './kit/tls-report.ts';
import { until } from './kit/tracking.ts';

/** Stands in everything that is told; nobody else on this machine writes it. */
const word = 'Qzvxwaxphijkud';
const addresses = ['203.0.113.197', '2001:db8:dead:beef:cafe:f00d:1234:5678'];
const needles = [
  ...needlesFor([word, ...addresses]),
  { spelling: 'sixteen bytes', bytes: Buffer.from('20010db8deadbeefcafef00d12345678', 'hex') },
];
const bounceDomain = 'bounces.clinic.example';
const apiKey = 'wx_canary_bootstrap_key_0123456789';

const usualTmp = process.env.TMPDIR;
const home = mkdtempSync(join(tmpdir(), 'waxwing-canary-'));
const dataDir = join(home, 'data');
const temporary = join(home, 'tmp');
const backups = join(home, 'backups');
const logLines: string[] = [];
let sink: SmtpSink;
let dns: DnsServer;
let program: Program;
let url: string;

const deferred = new Set<string>();
/** The remote's words name whom they refuse and whom they take, as many servers do. */
const answer: Parameters<SmtpSink['answerWith']>[0] = ({ stage, address }) => {
  if (stage === 'data') return answerToMail(address);
  if (stage === 'mail' && !deferred.has(stage)) {
    deferred.add(stage);
    return { code: 451, text: ['4.3.0 busy', `4.3.0 with ${word} from <${address}>`] };
  }
  if (stage !== 'rcpt') return undefined;
  if (address.startsWith('nobody')) return { code: 550, text: `5.1.1 <${address}> ${word}: no such patient` };
  const isFirst = address.startsWith('later') && !deferred.has(address);
  deferred.add(address);
  return isFirst ? { code: 451, text: `4.7.1 <${address}> ${word}: come back later` } : undefined;
};

function answerToMail(address: string): SinkReply {
  if (address.startsWith('refused')) return { code: 554, text: `5.7.1 <${address}> mail about ${word} is not taken` };
  return { code: 250, text: ['2.0.0 ok', `2.0.0 ${word} queued for <${address}>`] };
}

before(async () => {
  for (const folder of [temporary, backups]) mkdirSync(folder);
  for (const folder of [home, temporary]) chmodSync(folder, 0o755); // PostgreSQL may run as another user
  process.env.TMPDIR = temporary;
  sink = await startSmtpSink({ script: answer });
  dns = await startDnsServer({});
  const { config } = readConfig({
    WAXWING_DATA_DIR: dataDir,
    WAXWING_HTTP_PORT: '0',
    WAXWING_TRACKING_PORT: '0',
    WAXWING_SMTP_PORT: '0',
    WAXWING_BOUNCE_PORT: '0',
    WAXWING_BOUNCE_DOMAIN: bounceDomain,
    WAXWING_DNS_SERVERS: dns.address,
    WAXWING_SMARTHOST: `smtp://127.0.0.1:${sink.port}`,
    WAXWING_TRUSTED_PROXIES: '127.0.0.1',
    WAXWING_NETWORKS_REFRESH_HOURS: 'off',
    WAXWING_BOOTSTRAP_API_KEY: apiKey,
    WAXWING_RETRY_BASE_MS: '50',
  });
  const log = pino({ level: 'debug' }, { write: (line: string) => void logLines.push(line) });
  program = await startProgram(config, { clock: systemClock, log });
  await program.ready;
  url = `http://127.0.0.1:${program.ports.http}`;
});
after(async () => {
  await program?.close();
  await sink?.close();
  await dns?.close();
  if (usualTmp === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = usualTmp;
  rmSync(home, { recursive: true, force: true });
});

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(url + path, {
    method,
    headers: {
      authorization: `Bearer ${apiKey}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      'user-agent': `Agent ${word}`,
      'x-forwarded-for': addresses[0] as string,
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}

const person = (name: string): string => `${name}.${word}@${word}.example`.toLowerCase();

const submission = (to: readonly string[]) => ({
  from: `${word} Clinic <care.${word}@clinic.example>`,
  replyTo: `answers.${word}@clinic.example`,
  to: to.map((name) => `${name} ${word} <${person(name)}>`),
  subject: `Results for ${word}`,
  html: `<p>${word} <a href="https://portal.clinic.example/${word}?patient=${word}">Results</a></p>`,
  text: `${word} https://portal.clinic.example/${word}`,
  campaign: `campaign ${word}`,
  tags: [`tag ${word}`],
  headers: { 'X-Patient': word },
  attachments: [
    {
      filename: `${word}.txt`,
      contentType: 'text/plain',
      contentBase64: Buffer.from(`Attached ${word}`).toString('base64'),
    },
  ],
});

async function sendByRest(): Promise<string> {
  const sent = await call('POST', '/v1/messages', submission(['ana', 'later', 'nobody', 'refused']), {
    'idempotency-key': `order-${word}`,
  });
  assert.equal(sent.status, 202, sent.text);
  assert.equal(
    (await call('POST', '/v1/messages', submission(['ben']), { 'idempotency-key': `order-${word}` })).status,
    409,
  );
  const doomed = await call('POST', '/v1/messages', submission(['cleo']));
  assert.equal((await call('DELETE', `/v1/messages/${(JSON.parse(doomed.text) as { id: string }).id}`)).status, 200);
  await call('POST', '/v1/messages', { ...submission(['dora']), sendAt: '2031-01-01T00:00:00Z' });
  return (JSON.parse(sent.text) as { id: string }).id;
}

async function sendBySmtp(): Promise<void> {
  const client = await RawClient.signedIn(program.ports.smtp ?? 0, apiKey);
  await client.envelope(`care.${word}@clinic.example`, person('emil'), person('nobody-else'));
  const reply = await client.content(
    mail(
      `From: ${word} <care.${word}@clinic.example>`,
      `To: ${person('emil')}`,
      `Subject: =?utf-8?B?${Buffer.from(`Results ${word}`).toString('base64')}?=`,
      `X-Waxwing-Campaign: campaign ${word}`,
      'MIME-Version: 1.0',
      'Content-Type: text/html; charset=utf-8',
      'Content-Transfer-Encoding: base64',
      '',
      Buffer.from(`<p>${word} <a href="https://portal.clinic.example/${word}">Results</a></p>`).toString('base64'),
    ),
  );
  assert.match(reply, /^250 /);
  await client.say(`MAIL FROM:<${person('broken')}`);
  await client.say(`VRFY ${person('ana')}`);
  await client.say(`${word} ${word}`);
  client.close();
}

/** A letter to many: their names and data, and the words around them. */
async function sendBatch(): Promise<void> {
  const letter = {
    from: `${word} Clinic <care.${word}@clinic.example>`,
    subject: `${word} for {{ name }}`,
    html: `<p>${word} {{ result }} <a href="https://clinic.example/${word}?p={{ result }}">x</a></p>`,
    text: `${word} {{ result }}`,
    campaign: `campaign ${word}`,
  };
  const kept = { name: `Letter ${word}`, subject: letter.subject, html: letter.html, text: letter.text };
  const template = await call('POST', '/v1/templates', kept);
  assert.equal(template.status, 201, template.text);
  const path = `/v1/templates/${(JSON.parse(template.text) as { id: string }).id}`;
  const shown = await call('POST', `${path}/preview`, { data: { name: word, result: word } });
  assert.equal(shown.status, 200, shown.text);
  const fresh = { subject: `${word} {{ name }}`, text: `${word} {% for` };
  assert.equal((await call('POST', '/v1/templates/preview', { ...fresh, data: { name: word } })).status, 400);
  assert.equal((await call('PATCH', path, { subject: `${word} {{ name }} again` })).status, 200);
  assert.equal((await call('PATCH', path, { text: `${word} {% for` })).status, 400);
  const recipients = ['hana', 'ivo'].map((name) => ({
    email: person(name),
    name: `${name} ${word}`,
    data: { result: `${word} is positive` },
  }));
  const sent = await call('POST', '/v1/batches', { ...letter, recipients }, { 'idempotency-key': `batch-${word}` });
  assert.equal(sent.status, 202, sent.text);
  const { id } = JSON.parse(sent.text) as { id: string };
  assert.equal((await call('GET', `/v1/batches/${id}`)).status, 200);
  for (const wrong of [
    { text: `${word} {% if` },
    { recipients: [{ email: `${word} @`, data: { result: word } }] },
    { recipients: [{ email: person('jo'), name: word, data: { result: { [word]: word } } }] },
  ])
    assert.equal((await call('POST', '/v1/batches', { ...letter, recipients, ...wrong })).status, 400);
}

async function hitTracking(): Promise<void> {
  await until(
    async () => ['ana', 'later', 'emil', 'hana', 'ivo'].every((name) => sink.of(person(name)).length > 0),
    'copies arrive',
  );
  const text = sink.received.map(({ bytes }) => decoded(bytes)).join('\n');
  const urls = [...new Set(text.match(/http:\/\/127\.0\.0\.1:\d+\/[oc]\/[\w-]+/g))];
  assert.ok(urls.length >= 4, text);
  const damaged = `${urls[0]?.slice(0, -3)}xyz`;
  const tracking = `http://127.0.0.1:${program.ports.tracking}`;
  for (const target of [...urls, damaged, `${tracking}/o/${word}`, `${tracking}/${word}?u=${word}`])
    for (const address of addresses)
      await fetch(target, {
        redirect: 'manual',
        headers: {
          'user-agent': `Mozilla/5.0 (${word})`,
          'x-forwarded-for': address,
          referer: `https://${word}.example/`,
          'accept-language': word,
          cookie: `name=${word}`,
        },
      });
}

/** What comes back is written by strangers and by their servers, and cites what was sent. */
async function takeWhatComesBack(): Promise<void> {
  const client = await RawClient.connect(program.ports.bounces ?? 0);
  await client.say(`EHLO ${word}.example`);
  for (const [name, octets] of returned()) {
    const [copy] = sink.of(person(name));
    assert.ok(copy?.from.endsWith(`@${bounceDomain}`) === true, name);
    await client.envelope(person('mailer'), copy.from);
    assert.match(await client.content(octets), /^250 /, name);
  }
  await client.say(`MAIL FROM:<${person('spammer')}>`);
  for (const wrong of [`${word}@${bounceDomain}`, `b-${word}@${bounceDomain}`, person('ana')])
    assert.match(await client.say(`RCPT TO:<${wrong}>`), /^550 /);
  await client.say(`VRFY ${word}`);
  client.close();
  for (const [name, reason] of [
    ['hana', 'hard-bounce'],
    ['ivo', 'complaint'],
  ] as const)
    assert.ok((await call('GET', `/v1/suppressions/${encodeURIComponent(person(name))}`)).text.includes(reason), name);
}

const returned = (): readonly (readonly [string, string])[] => [
  ['hana', report('delivery-status', deliveryStatus(`550 5.1.1 <${person('hana')}> ${word} is no patient here`))],
  ['later', report('delivery-status', deliveryStatus(`452 4.2.2 <${word}> ${word} has a full mailbox`))],
  ['ivo', report('feedback-report', mail('Feedback-Type: abuse', `User-Agent: ${word}`, `Source-IP: ${addresses[0]}`))],
  [
    'emil',
    mail(
      ...[`From: ${word} <${person('emil')}>`, `Subject: ${word} is away`, 'Auto-Submitted: auto-replied', ''],
      `${word} has an operation`,
    ),
  ],
  ['ana', mail(`From: ${word} <${person('ana')}>`, `Subject: Re: Results for ${word}`, '', `${word} takes warfarin`)],
  ['emil', mail(`From: <${person('emil')}>`, 'Content-Type: text/plain; charset=utf-8', '', `${word} è malato`)],
];

const deliveryStatus = (said: string): string =>
  mail(
    ...[`Reporting-MTA: dns; ${word}.example`, '', `Final-Recipient: rfc822; ${person('hana')}`, 'Action: failed'],
    ...[`Status: ${said.slice(4, 9)}`, `Diagnostic-Code: smtp; ${said}`],
  );

const report = (kind: string, told: string): string =>
  mail(
    ...[`From: ${person('mailer-daemon')}`, `Subject: ${word} came back`, 'MIME-Version: 1.0'],
    ...[`Content-Type: multipart/report; report-type=${kind}; boundary="${word}"`, '', `--${word}`, ''],
    ...[`Your mail to ${person('hana')} came back.`, `--${word}`, `Content-Type: message/${kind}`, '', told],
    ...[`--${word}`, 'Content-Type: message/rfc822', '', `Subject: Results for ${word}`, '', word, `--${word}--`],
  );

/** Whom no mail goes to: by hand, by lists that others kept, and what is wrong in those. */
async function suppress(): Promise<void> {
  const path = (name: string): string => `/v1/suppressions/${encodeURIComponent(person(name))}`;
  for (const name of ['kim', 'lea']) assert.equal((await call('PUT', path(name), {})).status, 200);
  assert.equal((await call('DELETE', path('lea'))).status, 204);
  const wrong = { email: `${word} @`, reason: 'manual' };
  const listed = { suppressions: [{ email: person('mia'), reason: 'unsubscribed' }, wrong] };
  const csv = `email,reason,scope\n${person('noa')},manual,all\n"${word} ""${word}"" x",${word},${word}\n`;
  for (const body of [listed, { csv }]) {
    const taken = await call('POST', '/v1/suppression-import', body);
    assert.equal((JSON.parse(taken.text) as { added: number }).added, 1, taken.text);
  }
  assert.equal((await call('POST', '/v1/suppression-import', { csv: 'x\n'.repeat(10_000) + word })).status, 400);
  assert.ok((await call('GET', '/v1/suppression-export')).text.includes(person('noa')));
  for (const name of ['kim', 'lea', 'nobody']) assert.equal((await call('GET', path(name))).status, 200);
  const dropped = JSON.parse((await call('POST', '/v1/messages', submission(['kim']))).text) as { id: string };
  assert.ok((await call('GET', `/v1/messages/${dropped.id}`)).text.includes('"dropped"'));
  assert.equal((await call('POST', '/v1/preflight', submission(['kim', 'noa']))).status, 200);
}

/**
 * The page that whoever unsubscribes is shown, and what else is said to its link. Its own words are for everybody who has
 * one, and lie in clear (test/clear-text.test.ts); those that are refused lie nowhere.
 */
async function unsubscribe(): Promise<void> {
  const page = { organisation: 'Clinic by the Lake', words: 'Our desk\nsays goodbye' };
  assert.equal((await call('PUT', '/v1/settings/unsubscribe-page', page)).status, 200);
  const wrong = { organisation: `${word}\u0007`, words: word };
  assert.equal((await call('PUT', '/v1/settings/unsubscribe-page', wrong)).status, 400);
  const [copy] = sink.of(person('ivo'));
  const link = /^List-Unsubscribe: <(http[^>]+)>/im.exec(
    (copy?.bytes.toString() ?? '').replace(/\r\n[ \t]+/g, ''),
  )?.[1];
  assert.ok(link !== undefined);
  const headers = { 'user-agent': word, 'x-forwarded-for': addresses[0] as string, cookie: `name=${word}` };
  await until(
    async () => (await (await fetch(link, { headers })).text()).includes(page.organisation),
    'the page says it',
  );
  const post = async (body: URLSearchParams) => (await fetch(link, { method: 'POST', headers, body })).status;
  assert.equal(await post(new URLSearchParams({ why: `${word} ${word}` })), 400);
  assert.equal(await post(new URLSearchParams({ 'List-Unsubscribe': 'One-Click', why: word })), 200);
  const path = `/v1/suppressions/${encodeURIComponent(person('ivo'))}`;
  await until(async () => (await call('GET', path)).text.includes('unsubscribed'), 'it holds');
}

/** What is held back, let go and taken out is named by campaign and by domain. */
async function steerTheQueue(): Promise<void> {
  const campaign = `held ${word}`;
  const act = (what: string, body: object) => call('POST', `/v1/queue/${what}`, body);
  assert.equal((await act('hold', { campaign })).status, 200);
  await call('POST', '/v1/messages', { ...submission(['pia']), campaign });
  assert.ok((await call('GET', '/v1/queue')).text.includes(campaign));
  const destination = `${word.toLowerCase()}.example`;
  assert.equal((await call('GET', `/v1/queue/destinations/${destination}`)).status, 200);
  assert.ok((await call('GET', `/v1/queue/recipients?destination=${destination}`)).text.includes(person('pia')));
  for (const what of ['retry', 'cancel', 'release']) assert.equal((await act(what, { campaign })).status, 200, what);
}

/** Copies are quoted-printable or base64; their URLs are read from either. */
function decoded(bytes: Buffer): string {
  const text = bytes.toString();
  const parts = text.match(/(?:[A-Za-z0-9+/]{60,76}={0,2}\r\n)+[A-Za-z0-9+/]*={0,2}/g) ?? [];
  return [text.replace(/=\r\n/g, ''), ...parts.map((part) => Buffer.from(part, 'base64').toString())].join('\n');
}

const providers = ['sendgrid', 'mailgun', 'postmark', 'ses', 'sparkpost', 'resend', 'mandrill'] as const;

async function hearProviders(): Promise<void> {
  for (const provider of providers) {
    for (const payload of [tell(provider)].flat()) {
      const told = disguised(payload);
      const taken = await call('POST', `/v1/provider-events?provider=${provider}`, told);
      assert.equal(taken.status, 200, `${provider}: ${taken.text}`);
    }
  }
  const made = JSON.parse(
    (await call('POST', '/v1/provider-connections', { provider: 'postmark', name: 'ours' })).text,
  ) as {
    readonly id: string;
    readonly basicAuth: { readonly user: string; readonly password: string };
  };
  const authorization = `Basic ${Buffer.from(`${made.basicAuth.user}:${made.basicAuth.password}`).toString('base64')}`;
  for (const payload of [tell('postmark')].flat()) {
    const told = disguised(payload).replaceAll(word, `Web${word}`);
    assert.equal((await call('POST', `/v1/provider-events/${made.id}`, told, { authorization })).status, 200);
  }
  assert.equal(
    (await call('POST', `/v1/provider-events/${made.id}`, `{"RecordType":"${word}"`, { authorization })).status,
    400,
  );
  assert.equal((await call('POST', `/v1/provider-events/${made.id}`, `{"Recipient":"${word}"}`)).status, 401);
}

/** The story that the providers tell, with our word in every name, link, campaign, agent and address. */
const disguised = (payload: unknown): string =>
  JSON.stringify(payload)
    .replaceAll('@hill.example', `@${word}-hill.example`) // the names of mail exchangers are not sealed: decision 0006
    .replaceAll('lake.example', `${word}-lake.example`)
    .replaceAll('spring check-up', `spring ${word}`)
    .replaceAll('clinic.example/', `clinic.example/${word}/`)
    .replaceAll('Your check-up', word)
    .replaceAll('user unknown', `${word} unknown`)
    .replaceAll('no such user', `no such ${word}`)
    .replaceAll('Mozilla/5.0', `Mozilla/5.0 (${word})`)
    .replaceAll('198.51.100.7', addresses[0] as string);

/** What holds are called and why they were placed and released names people. */
async function keepForTheLawyers(): Promise<void> {
  for (const scope of [
    { kind: 'recipient', email: person('ana') },
    { kind: 'campaign', campaign: `campaign ${word}` },
  ]) {
    const told = { name: `Hold ${word}`, reason: `${word} complains`, matter: `Matter ${word}`, scope };
    const placed = await call('POST', '/v1/holds', told);
    assert.equal(placed.status, 201, placed.text);
    const { id } = JSON.parse(placed.text) as { id: string };
    for (const path of ['/v1/holds', `/v1/holds/${id}`]) assert.equal((await call('GET', path)).status, 200);
    const released = await call('POST', `/v1/holds/${id}/release`, { reason: `${word} has settled` });
    assert.equal(released.status, 200, released.text);
  }
  assert.equal((await call('POST', '/v1/holds', { name: word, reason: word, scope: { kind: word } })).status, 400);
}

/** Reports about TLS are written by strangers: who they are, what they saw, by post and by mail. */
async function hearAboutTls(): Promise<void> {
  const domain = 'reported.example';
  assert.equal((await call('POST', '/v1/senders', { domain })).status, 201);
  const [account] = await program.world.db.asWorker((tx) =>
    tx.query<{ id: string }>(sql`SELECT account_id AS id FROM accounts`),
  );
  await program.world.db.asAccount(account?.id ?? '', (tx) =>
    tx.query(sql`UPDATE sender_domains SET verified_at = created_at WHERE domain = ${domain}`),
  );
  const failure = { 'result-type': word, 'failed-session-count': 3, 'failure-reason-code': word };
  const details = [{ ...failure, 'receiving-mx-hostname': `mx.${word}.example`, 'receiving-ip': word }];
  const told = writtenReport(domain, systemClock.now(), {
    ...{ 'organization-name': word, 'contact-info': person('reporter'), 'report-id': word },
    policies: [writtenPolicy(domain, { details }), writtenPolicy(domain, { type: 'tlsa', domain: `${word}.example` })],
  });
  assert.equal((await call('POST', `/v1/tls-reports/${domain}`, told)).status, 204);
  assert.ok((await call('GET', `/v1/senders/${domain}/tls-reports`)).text.includes(word));
  assert.equal((await call('POST', `/v1/tls-reports/${word}.example`, told)).status, 404);
  assert.equal((await call('POST', `/v1/tls-reports/${domain}`, `{"organization-name":"${word}"`)).status, 400);
  const client = await RawClient.connect(program.ports.bounces ?? 0);
  await client.say(`EHLO ${word}.example`);
  await client.envelope(person('reporter'), `tlsrpt@${bounceDomain}`);
  const mailed = mail(
    ...[`From: ${word} <${person('reporter')}>`, `Subject: Report Domain: ${word}`, `TLS-Report-Domain: ${domain}`],
    ...['Content-Type: application/tlsrpt+json', 'Content-Disposition: attachment', ''],
    JSON.stringify({ ...told, 'report-id': `${word} by mail` }),
  );
  const reporter = newReporter(dns, `${word}.example`.toLowerCase());
  assert.match(await client.content(await reporter.sign(Buffer.from(mailed), systemClock.now())), /^250 /);
  client.close();
}

/** Why mail may go below its policy names people too. */
async function releaseProtection(): Promise<void> {
  const sent = await call('POST', '/v1/messages', { ...submission(['gina']), minimumTransport: 'authenticated' });
  const { id, recipients } = JSON.parse(sent.text) as { id: string; recipients: [{ id: string }] };
  await until(async () => (await call('GET', `/v1/messages/${id}`)).text.includes('"deferred"'), 'kept back');
  const path = `/v1/messages/${id}/recipients/${recipients[0].id}`;
  const told = { transport: 'plain', reason: `${word} was told by telephone` };
  assert.equal((await call('POST', `${path}/transport-release`, told)).status, 201);
  assert.ok((await call('GET', `${path}/receipt`)).text.includes(told.reason));
  await until(async () => sink.of(person('gina')).length > 0, 'let go');
}

async function consentAndAsk(messageId: string): Promise<void> {
  await call('PUT', `/v1/tracking-consents/${encodeURIComponent(person('ana'))}`, { level: 'identified' });
  await call('PUT', `/v1/tracking-consents/${encodeURIComponent(person('finn'))}`, { level: 'off' });
  const observation = {
    kind: 'open',
    ip: addresses[0],
    userAgent: `Mozilla ${word}`,
    recipient: person('ana'),
    mx: `${word}.example`,
  };
  assert.equal((await call('POST', '/v1/verdicts', { observations: [observation] })).status, 200);
  const campaign = encodeURIComponent(`campaign ${word}`);
  for (const path of [
    `/v1/tracking-consents/${encodeURIComponent(person('finn'))}`,
    '/v1/messages',
    `/v1/messages?campaign=${campaign}`,
    `/v1/messages/${messageId}`,
    `/v1/messages/${messageId}/events`,
    `/v1/reports/engagement?by=campaign&campaign=${campaign}`,
    '/v1/reports/engagement?by=domain&format=csv',
    `/v1/reports/recipients?campaign=${campaign}`,
    `/v1/reports/activity?campaign=${campaign}`,
    '/v1/scanner-habits',
    '/v1/audit/export',
  ])
    await call('GET', path);
  await call('POST', '/v1/rejudgements', { dryRun: false });
}

/** A nurse reaches beyond her role, says why, and compliance says what it thinks of it. */
async function openInEmergency(): Promise<void> {
  const [nurse, reviewer] = [await joined('nurse', 'viewer'), await joined('reviewer', 'compliance')];
  assert.equal((await call('PATCH', '/v1/alert-settings', { alertFrom: `alerts.${word}@clinic.example` })).status, 200);
  const wish = { category: 'treatment', reason: `${word} ${word} must be seen now` };
  const opened = await nurse.ask('POST', '/v1/emergency-accesses', wish);
  assert.equal(opened.status, 201, JSON.stringify(opened.body));
  assert.equal((await nurse.ask('GET', '/v1/messages')).status, 200);
  const fields = { reason: `${word} was being typed`, email: person('draft') };
  assert.equal((await nurse.ask('PUT', '/v1/drafts/emergency', { fields })).status, 200);
  assert.deepEqual((await nurse.ask('GET', '/v1/drafts/emergency')).body.draft.fields, fields);
  assert.equal((await nurse.ask('POST', '/v1/emergency-accesses/own/end', {})).status, 200);
  const path = `/v1/emergency-accesses/${opened.body.id}`;
  const review = { outcome: 'justified', note: `${word} was seen` };
  assert.equal((await reviewer.ask('POST', `${path}/review`, review)).status, 200);
  assert.ok(JSON.stringify((await reviewer.ask('GET', path)).body).includes(`${word} was seen`));
}

async function joined(name: string, role: string): Promise<Person> {
  const invited = await call('POST', '/v1/users', { email: person(name), name: `${name} ${word}`, role });
  const { invitation } = JSON.parse(invited.text) as { invitation: { link: string } };
  const somebody = Object.assign(personAt(url), { agent: `Agent ${word}`, address: addresses[0] as string });
  await acceptByPassword(somebody, invitation.link, `seven herons over ${word}`, systemClock);
  return somebody;
}

/** What is refused must leave as little behind as what is taken. */
async function provision(): Promise<void> {
  const name = { formatted: word, givenName: word, familyName: word };
  const extension = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
  const user = {
    userName: person('scim'),
    displayName: word,
    externalId: word,
    name,
    [extension]: { department: word },
  };
  const made = await call('POST', '/scim/v2/Users', { ...user, emails: [{ value: person('mail'), type: word }] });
  assert.equal(made.status, 201, made.text);
  const { id } = JSON.parse(made.text) as { id: string };
  const group = { displayName: `group ${word}`, externalId: word, members: [{ value: id }] };
  assert.equal((await call('POST', '/scim/v2/Groups', group)).status, 201);
  assert.equal((await call('POST', '/scim/v2/Groups', group)).status, 409);
  const filter = encodeURIComponent(`userName eq "${person('scim')}`);
  assert.equal((await call('GET', `/scim/v2/Users?filter=${filter}`)).status, 400);
  const change = { op: 'replace', path: `emails[type eq "${word} x"].value`, value: word };
  assert.equal((await call('PATCH', `/scim/v2/Users/${id}`, { Operations: [change] })).status, 400);
}

/** What is refused must leave as little behind as what is taken. */
async function beRefused(): Promise<void> {
  const wrong = [
    call('POST', '/v1/messages', `{"subject":"${word}",`),
    call('POST', '/v1/messages', { ...submission(['gina']), to: [`${word} @`] }),
    call('POST', '/v1/messages', { ...submission(['gina']), headers: { [`Bcc-${word}:`]: word } }),
    call('GET', `/v1/messages/${word}?${word}=${word}`),
    call('GET', `/${word}/${addresses[0]}`),
    call('GET', '/v1/messages', undefined, { authorization: `Bearer ${word}` }),
    call('POST', '/v1/verdicts', { observations: [{ kind: word }] }),
    call('PUT', `/v1/tracking-consents/${word}`, { level: word }),
  ];
  for (const { status } of await Promise.all(wrong)) assert.ok(status >= 400 && status < 500, String(status));
}

/** An identity provider's settings name people's groups and domains; what a browser brings back may name anybody. */
async function setUpSignOn(): Promise<void> {
  const made = await call('POST', '/v1/single-sign-on', {
    name: `Provider ${word}`,
    issuer: `https://${word.toLowerCase()}.example/${word}`,
    clientId: `client ${word}`,
    clientSecret: `secret ${word}`,
    domains: [`sso.${word.toLowerCase()}.example`],
    roleClaim: `groups ${word}`,
    roleRules: [{ value: `group ${word}`, role: 'viewer', departmentId: null }],
    secondFactor: { claim: 'acr', value: word },
    isEnabled: true,
    isRequired: true,
    widestReach: 'account',
  });
  assert.equal(made.status, 201, made.text);
  const { id } = JSON.parse(made.text) as { id: string };
  await call('PATCH', `/v1/single-sign-on/${id}`, { name: `Another ${word}` });
  assert.equal((await call('POST', `/v1/single-sign-on/${id}/check`, {})).status, 200);
  const email = `ana.${word}@sso.${word}.example`;
  assert.equal((await call('POST', '/v1/sign-in/sso', { email })).status, 404);
  assert.equal((await call('POST', '/v1/sign-in/sso', { connectionId: id })).status, 502);
  assert.equal((await call('POST', `/v1/single-sign-on/${id}/domains/check`, {})).status, 200);
  const response = `code=${word}&state=${word}&error_description=${word}`;
  assert.equal((await call('POST', '/v1/sign-in/sso/finish', { connectionId: id, response })).status, 401);
}

/** An endpoint's address may hold anything; it is told of all that happens from then on. */
async function setUpWebhook(): Promise<void> {
  const made = await call('POST', '/v1/webhooks', {
    url: `https://hook.${word.toLowerCase()}.invalid/${word}?patient=${word}`,
    description: 'Our records',
    eventTypes: webhookEventTypes,
  });
  assert.equal(made.status, 201, made.text);
  const { id } = JSON.parse(made.text) as { id: string };
  const url = `https://hook.${word.toLowerCase()}.invalid/another/${word}`;
  assert.equal((await call('PATCH', `/v1/webhooks/${id}`, { url })).status, 200);
  assert.equal((await call('POST', `/v1/webhooks/${id}/test`, {})).status, 202);
}

/** Names, relays, logins and domains of routes; mail of another sender only, so that none goes there. */
async function setUpRoute(): Promise<void> {
  const made = await call('POST', '/v1/routes', {
    name: `Route ${word}`,
    kind: 'relay',
    hosts: [{ host: `relay.${word.toLowerCase()}.invalid`, user: word, password: `${word} password` }],
    heloName: `helo.${word.toLowerCase()}.invalid`,
  });
  assert.equal(made.status, 201, made.text);
  const { id } = JSON.parse(made.text) as { id: string };
  const rules = [
    { routeId: id, recipientDomain: `*.${word.toLowerCase()}.invalid`, senderDomain: `${word.toLowerCase()}.invalid` },
  ];
  assert.equal((await call('PUT', '/v1/route-rules', { rules })).status, 200);
  assert.equal((await call('GET', '/v1/routes')).status, 200);
}

async function counted(table: 'hits' | 'attempts'): Promise<number> {
  const [account] = await program.world.db.asWorker((tx) =>
    tx.query<{ id: string }>(sql`SELECT account_id AS id FROM accounts`),
  );
  const [row] = await program.world.db.readAccount(account?.id ?? '', (tx) =>
    tx.query<{ n: number }>(
      table === 'hits'
        ? sql`SELECT count(*)::int AS n FROM events WHERE type IN ('opened', 'clicked') AND detail_sealed IS NOT NULL`
        : sql`SELECT count(*)::int AS n FROM delivery_attempts WHERE reply_sealed IS NOT NULL`,
    ),
  );
  return row?.n ?? 0;
}

test('the search finds what is there, in every spelling', () => {
  const hidden = Buffer.from(`..${word.toLowerCase()}..`);
  for (const text of [
    hidden.toString(),
    hidden.toString('base64'),
    Buffer.concat([Buffer.from('a'), hidden]).toString('base64'),
    Buffer.concat([Buffer.from('ab'), hidden]).toString('base64'),
    hidden.toString('hex'),
    hidden.toString('hex').toUpperCase(),
    hidden.toString('hex').toUpperCase().replace(/../g, '=$&'),
    Buffer.from(hidden.toString(), 'utf16le').toString('latin1'),
    Buffer.from(hidden.toString(), 'utf16le').swap16().toString('latin1'),
  ])
    assert.ok(findIn('a text', Buffer.from(text, 'latin1'), needles).length > 0, text);
});

test('nothing that people wrote, and nobody’s address, lies readable on the disk or in the log', async () => {
  await setUpWebhook();
  await setUpRoute();
  const messageId = await sendByRest();
  await sendBatch();
  await sendBySmtp();
  await hearProviders();
  const heard = await counted('hits');
  await hitTracking();
  await takeWhatComesBack();
  await hearAboutTls();
  await suppress();
  await unsubscribe();
  await steerTheQueue();
  await consentAndAsk(messageId);
  await provision();
  await keepForTheLawyers();
  await releaseProtection();
  await setUpSignOn();
  await beRefused();
  await openInEmergency();
  await until(async () => (await counted('hits')) >= heard + 8, 'hits are stored', 60_000);
  await until(async () => (await counted('attempts')) >= 3, 'refusals of the remote server are stored', 60_000);

  const { connection } = await joinDatabaseServer({ databaseUrl: undefined, dataDir, log: program.world.log });
  await makeBackup({ ...program.world, connection }, backups);

  const places = [dataDir, temporary, backups].map((folder) => ({ folder, ...findBelow(folder, needles) }));
  const said = findIn('the log', Buffer.from(logLines.join('')), needles);
  assert.deepEqual([...places.flatMap(({ finds }) => finds), ...said], []);
  const [data, , backup] = places;
  assert.ok((backup?.bytes ?? 0) > 50_000, 'the backup was searched');
  assert.ok(data !== undefined && data.bytes > 16 * 1024 * 1024, 'the database and its write-ahead log were searched');
  assert.ok(readdirSync(join(dataDir, 'postgres', 'pg_wal')).length > 0 && existsSync(join(dataDir, 'journal')));
  assert.ok(logLines.length > 0);
});

test('no secret stands in a command line, where every user of the machine may read it', {
  skip: !existsSync('/proc'),
}, () => {
  const secrets = [apiKey, readFileSync(`${dataDir}.key`, 'utf8').trim()];
  const lines = readdirSync('/proc').flatMap((pid) => {
    try {
      return /^\d+$/.test(pid) ? [readFileSync(join('/proc', pid, 'cmdline'), 'utf8')] : [];
    } catch {
      return []; // it has ended
    }
  });
  assert.ok(
    lines.some((line) => line.includes('unix_socket_permissions')),
    'the database’s own is among them',
  );
  for (const secret of secrets) assert.ok(!lines.some((line) => line.includes(secret)));
});
