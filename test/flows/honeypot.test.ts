/** A link that no person can see goes out with mail, a scanner follows it, and what it did counts as a machine's. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import PostalMime, { type Email } from 'postal-mime';
import { accountRoutes, type NewAccount } from '../../src/accounts/index.ts';
import { type Accepted, type EventBody, listMessageEvents, sendMessage } from '../../src/contract/messages.ts';
import { readEngagement } from '../../src/contract/reports.ts';
import { changeOutboundSettings, type OutboundSettings } from '../../src/contract/settings.ts';
import { type Delivery, startDelivery } from '../../src/delivery/index.ts';
import { reportRoutes } from '../../src/reports/index.ts';
import { sendingRoutes } from '../../src/sending/index.ts';
import { createTestAccount } from '../kit/account.ts';
import { ask, startApi, type TestApi } from '../kit/api.ts';
import { type SmtpSink, startSmtpSink } from '../kit/smtp-sink.ts';
import { mail, RawClient, startTestSubmission } from '../kit/submission.ts';
import { browser, startTracking, type Tracking, until } from '../kit/tracking.ts';
import { type TestWorld, testWorld } from '../kit/world.ts';

let world: TestWorld;
let account: NewAccount;
let tracking: Tracking;
let sink: SmtpSink;
let delivery: Delivery;
let submission: Awaited<ReturnType<typeof startTestSubmission>>;
let api: TestApi;

before(async () => {
  world = await testWorld();
  account = await createTestAccount(world);
  tracking = await startTracking(world, ['127.0.0.1']);
  sink = await startSmtpSink();
  delivery = startDelivery(world, {
    smarthost: `smtp://127.0.0.1:${sink.port}`,
    mxPort: 25,
    trackingUrl: tracking.baseUrl,
    helloName: 'clinic.example',
    dnsServers: ['127.0.0.1:1'],
    pollMs: 20,
  });
  const sending = { trackingUrl: tracking.baseUrl, onQueued: () => delivery.nudge() };
  submission = await startTestSubmission(world, sending);
  api = await startApi(world, (gate) => [
    ...accountRoutes(world, gate, { publicUrl: 'http://127.0.0.1' }),
    ...sendingRoutes(world, sending),
    ...reportRoutes(world),
  ]);
});
after(async () => {
  await submission.close();
  await api.close();
  await delivery.close();
  await sink.close();
  await tracking.close();
  await world.close();
});

const links = ['https://clinic.example/one', 'https://clinic.example/two', 'https://clinic.example/three'];
const html = `<p>Good day.</p><p>${links.map((url) => `<a href="${url}">${url.slice(23)}</a>`).join(' ')}</p>`;
const choose = (body: Partial<OutboundSettings>): Promise<unknown> =>
  ask(api, changeOutboundSettings, account.apiKey, { body });

const byRest = (to: unknown, more: object = {}): Promise<Accepted> =>
  ask(api, sendMessage, account.apiKey, {
    body: { from: 'care@clinic.example', to: [to], subject: 'Hello', html, text: links.join('\n'), ...more },
  });

async function bySmtp(to: string): Promise<string> {
  const octets = mail(
    'From: care@clinic.example',
    'MIME-Version: 1.0',
    'Content-Type: multipart/alternative; boundary="b"',
    ...['', '--b', 'Content-Type: text/plain', '', ...links, '--b', 'Content-Type: text/html', '', html, '--b--'],
  );
  const client = await RawClient.signedIn(submission.port, account.apiKey);
  await client.envelope('care@clinic.example', to);
  const reply = await client.content(octets);
  client.close();
  return /queued as (\S+)$/.exec(reply)?.[1] ?? assert.fail(reply);
}

async function copyFor(address: string): Promise<Email> {
  await until(async () => sink.of(address).length > 0, 'a copy');
  return PostalMime.parse(sink.of(address)[0]?.bytes ?? '');
}

interface Urls {
  readonly trap: string | undefined;
  readonly clicks: readonly string[];
  readonly pixel: string | undefined;
}

function urlsOf(copy: Email): Urls {
  const anchors = [...(copy.html ?? '').matchAll(/<a href="([^"]+)"([^>]*)>([^<]*)<\/a>/g)];
  return {
    trap: anchors.find(([, , attributes]) => attributes?.includes('aria-hidden'))?.[1],
    clicks: anchors.flatMap(([, url = '', attributes]) => (attributes?.includes('aria-hidden') ? [] : [url])),
    pixel: /<img src="([^"]+)"/.exec(copy.html ?? '')?.[1],
  };
}

const get = (url: string | undefined, headers: Record<string, string>): Promise<Response> =>
  fetch(url ?? '', { headers, redirect: 'manual' });

async function hits(messageId: string): Promise<EventBody[]> {
  await tracking.drained();
  const { events } = await ask(api, listMessageEvents, account.apiKey, { params: { id: messageId } });
  return events.filter(({ type }) => type === 'opened' || type === 'clicked');
}

test('mail has no such link unless the account asks for one', async () => {
  await byRest('ana@example.org');
  const { trap, clicks } = urlsOf(await copyFor('ana@example.org'));
  assert.deepEqual([trap, clicks.length], [undefined, 3]);
});

test('whoever follows it is a machine, and so are its other clicks; a person elsewhere is unharmed', async () => {
  await choose({ honeypotLinks: true });
  const { id } = await byRest('ben@example.org', { campaign: 'trap' });
  const copy = await copyFor('ben@example.org');
  assert.ok(!copy.text?.includes(tracking.baseUrl), 'nothing of it in plain text');
  const { trap, clicks, pixel } = urlsOf(copy);
  assert.ok(trap !== undefined && clicks.length === 3);
  await until(
    async () =>
      (await ask(api, listMessageEvents, account.apiKey, { params: { id } })).events.some(
        ({ type }) => type === 'delivered',
      ),
    'the delivery',
  );
  world.clock.advance(3 * 60_000);

  const [scanner, person] = [browser(400), browser(7)];
  await get(clicks[1], scanner);
  const answer = await get(trap, scanner);
  assert.deepEqual([answer.status, answer.headers.get('location')], [302, links[0]]);
  world.clock.advance(5 * 60_000);
  await get(pixel, person);
  world.clock.advance(20_000);
  await get(clicks[2], person);

  const seen = (await hits(id)).map(({ type, verdict, link, honeypot }) => ({
    what: `${type} ${link?.index ?? '-'}`,
    verdict: `${verdict?.verdict} ${verdict?.strength}`,
    honeypot,
    rules: verdict?.reasons.map(({ rule }) => rule).filter((rule) => /honeypot|taint/.test(rule)),
  }));
  assert.deepEqual(seen, [
    { what: 'clicked 1', verdict: 'automated certain', honeypot: undefined, rules: ['tainted-source'] },
    { what: 'clicked -', verdict: 'automated certain', honeypot: true, rules: ['honeypot-hit'] },
    { what: 'opened -', verdict: 'human certain', honeypot: undefined, rules: [] },
    { what: 'clicked 2', verdict: 'human certain', honeypot: undefined, rules: [] },
  ]);
  const report = await ask(api, readEngagement, account.apiKey, { query: { campaign: 'trap', groupBy: 'link' } });
  assert.deepEqual(report.rows.map(({ key, sent }) => [key, sent]).sort(), links.map((link) => [link, 1]).sort());
});

test('it goes out by SMTP too, and HEAD finds it as well as GET', async () => {
  const id = await bySmtp('cleo@example.org');
  const copy = await copyFor('cleo@example.org');
  assert.ok(!copy.text?.includes(tracking.baseUrl));
  const { trap, clicks } = urlsOf(copy);
  assert.equal(clicks.length, 3);
  const head = await fetch(trap ?? '', { method: 'HEAD', headers: browser(9), redirect: 'manual' });
  assert.deepEqual([head.status, head.headers.get('location')], [302, links[0]]);
  const [hit] = await hits(id);
  assert.deepEqual([hit?.verdict?.verdict, hit?.verdict?.strength, hit?.honeypot], ['automated', 'certain', true]);
});

test('it is chosen when the message is accepted, whatever the account chooses before the copy leaves', async () => {
  const soon = new Date(world.clock.now().getTime() + 60_000).toISOString();
  await byRest('dora@example.org', { sendAt: soon });
  await choose({ honeypotLinks: false });
  await byRest('emil@example.org', { sendAt: soon });
  await choose({ honeypotLinks: true });
  world.clock.advance(61_000);
  delivery.nudge();
  assert.ok(urlsOf(await copyFor('dora@example.org')).trap);
  assert.equal(urlsOf(await copyFor('emil@example.org')).trap, undefined);
});

test('it is in no copy of somebody who is only counted, or whose clicks are not tracked', async () => {
  await byRest({ email: 'finn@example.org', tracking: { level: 'anonymous' } });
  await byRest('gina@example.org', { tracking: { clicks: false } });
  await byRest('hugo@example.org', { tracking: { level: 'off' } });
  const ids = await ask(api, sendMessage, account.apiKey, {
    body: {
      from: 'care@clinic.example',
      to: [{ email: 'iris@example.org', tracking: { level: 'anonymous' } }, 'jan@example.org'],
      subject: 'Hello',
      html,
    },
  });
  assert.equal(ids.recipients.length, 2);
  for (const address of ['finn', 'gina', 'hugo', 'iris']) {
    const copy = await copyFor(`${address}@example.org`);
    assert.ok(!copy.html?.includes('aria-hidden'), address);
  }
  assert.equal(
    urlsOf(await copyFor('finn@example.org')).clicks.filter((url) => url.startsWith(tracking.baseUrl)).length,
    3,
  );
  assert.ok(urlsOf(await copyFor('jan@example.org')).trap);
});
