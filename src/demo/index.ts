/**
 * `npm run demo`: the main job, end to end, on real SMTP and real HTTP. A clinic's newsletter goes out to invented
 * patients; people, prefetchers and scanners come back; the report tells them apart. Only the clock is staged.
 */
import { createTransport } from 'nodemailer';
import type { EventBody } from '../contract/messages.ts';
import type { EngagementReport } from '../contract/reports.ts';
import type { Clock, Running } from '../platform/world.ts';
import { compare, tally } from './agreement.ts';
import { inventAudience, mailExchangers, type Patient, seededChance } from './audience.ts';
import { campaign, composeNewsletter, sender } from './newsletter.ts';
import { type MailServer, startMailServer, startNameServer } from './receiving-servers.ts';
import { type Act, writeScript } from './script.ts';
import { agreementLines, openStage, reportLines, type Stage } from './show.ts';
import { type StageClock, startStageClock } from './stage-clock.ts';
import { readCopy, type TrackedCopy, visit } from './visitor.ts';

export { sender };

/** The program under demonstration, as main starts it. */
export interface DemoServer extends Running {
  readonly httpUrl: string;
  readonly trackingUrl: string;
  readonly smtpPort: number;
  readonly apiKey: string;
  /** A fresh one-time link for the console. */
  signInLink(): Promise<string>;
}

export interface DemoNeeds {
  readonly smarthost: string;
  readonly dnsServer: string;
  readonly clock: Clock;
}

export interface DemoOptions {
  readonly start: (needs: DemoNeeds) => Promise<DemoServer>;
  readonly out: NodeJS.WriteStream;
  /** End after the report; otherwise stay up until `ended`. */
  readonly exit: boolean;
  /** Somebody asked to end. */
  readonly ended: Promise<void>;
}

const dayMs = 24 * 3_600_000;
const linksPerNewsletter = 6;

export async function runDemo(options: DemoOptions): Promise<void> {
  const stage = openStage(options.out);
  const clock = startStageClock(new Date(Date.now() - dayMs - 3_600_000));
  const mailServer = await startMailServer();
  const nameServer = await startNameServer(mailExchangers);
  const running: Running[] = [mailServer, nameServer];
  try {
    stage.line('\nWaxwing: mail that knows people from machines\n');
    const smarthost = `smtp://127.0.0.1:${mailServer.port}`;
    const server = await options.start({ smarthost, dnsServer: nameServer.address, clock });
    running.unshift(server);
    const played = play(server, mailServer, clock, stage).then(() =>
      options.exit ? undefined : invite(server, stage).then(() => options.ended),
    );
    await Promise.race([played, options.ended]);
  } finally {
    for (const part of running) await part.close();
  }
}

async function play(server: DemoServer, mailServer: MailServer, clock: StageClock, stage: Stage): Promise<void> {
  const chance = seededChance(20261122);
  const audience = inventAudience(chance);
  const messageIds = await submitAll(server, audience, clock, stage);
  await arrive(mailServer, audience.length, stage);
  await allDelivered(server, audience.length, stage);
  const acts = writeScript(audience, linksPerNewsletter, chance);
  await performAll(acts, await readCopies(mailServer, server.trackingUrl), clock, stage);
  clock.release();
  const events = await judgedEvents(server, messageIds, acts, stage);
  const compared = audience.flatMap((patient) => {
    const own = acts.filter((act) => act.patient === patient);
    return compare(own, events.get(patient.address) ?? []);
  });
  stage.line(`\nCampaign “${campaign}”\n`);
  const [honest, naive] = [await report(server, 'exclude'), await report(server, 'include')];
  for (const line of reportLines(honest, naive)) stage.line(line);
  stage.line('\nWho really came, and what the judge said\n');
  for (const line of agreementLines(tally(compared))) stage.line(line);
}

/** Every patient's own message by SMTP, ten connections at a time; the `250` names the message. */
async function submitAll(
  server: DemoServer,
  audience: readonly Patient[],
  clock: Clock,
  stage: Stage,
): Promise<Map<string, string>> {
  const progress = stage.progress('submitting by SMTP');
  const transport = createTransport({
    host: '127.0.0.1',
    port: server.smtpPort,
    pool: true,
    maxConnections: 5,
    auth: { user: 'apikey', pass: server.apiKey },
    tls: { rejectUnauthorized: false }, // the server's own self-signed certificate, on loopback
  });
  const messageIds = new Map<string, string>();
  await Promise.all(
    audience.map(async (patient) => {
      const raw = await composeNewsletter(patient, clock.now());
      const envelope = { from: sender.address, to: patient.address };
      const { response } = await transport.sendMail({ envelope, raw });
      const id = /queued as (\S+)/.exec(response)?.[1];
      if (id === undefined) throw new Error(`the submission was answered without an id`);
      messageIds.set(patient.address, id);
      progress(messageIds.size, audience.length);
    }),
  );
  transport.close();
  return messageIds;
}

async function arrive(mailServer: MailServer, expected: number, stage: Stage): Promise<void> {
  const progress = stage.progress('delivered by SMTP');
  await until(() => {
    progress(mailServer.mailboxes.size, expected);
    return mailServer.mailboxes.size >= expected;
  }, 'the mail did not arrive');
}

/** The play begins when the server, too, knows that everything was taken. */
const allDelivered = (server: DemoServer, expected: number, stage: Stage): Promise<void> => {
  const progress = stage.progress('recorded as delivered');
  return until(async () => {
    const { totals } = await report(server, 'include');
    progress(totals.delivered, expected);
    return totals.delivered >= expected;
  }, 'not every delivery was recorded');
};

async function readCopies(mailServer: MailServer, trackingUrl: string): Promise<Map<string, TrackedCopy>> {
  const copies = new Map<string, TrackedCopy>();
  for (const [address, bytes] of mailServer.mailboxes) copies.set(address, await readCopy(bytes, trackingUrl));
  return copies;
}

/** A day of visits: each act is a real request; between acts the clock is set on. */
async function performAll(
  acts: readonly Act[],
  copies: ReadonlyMap<string, TrackedCopy>,
  clock: StageClock,
  stage: Stage,
): Promise<void> {
  const progress = stage.progress('people and machines at the door');
  const deliveredAtMs = clock.now().getTime();
  for (const [position, act] of acts.entries()) {
    clock.advanceTo(new Date(deliveredAtMs + act.afterS * 1000));
    const copy = copies.get(act.patient.address);
    if (copy === undefined) throw new Error('a visitor has no copy to act on');
    await visit(act, copy);
    progress(position + 1, acts.length);
  }
}

/** Events by address, once the drain has judged every visit. */
async function judgedEvents(
  server: DemoServer,
  messageIds: ReadonlyMap<string, string>,
  acts: readonly Act[],
  stage: Stage,
) {
  const progress = stage.progress('hits judged');
  const judged = new Map<string, EventBody[]>();
  const expected = Map.groupBy(acts, (act) => act.patient.address);
  let hitCount = 0;
  for (const [address, id] of messageIds) {
    const wanted = expected.get(address)?.length ?? 0;
    if (wanted === 0) continue;
    let hits: EventBody[] = [];
    await until(async () => {
      const { events } = await ask<{ events: EventBody[] }>(server, `/v1/messages/${id}/events`);
      hits = events.filter(({ verdict }) => verdict !== undefined);
      return hits.length >= wanted;
    }, 'a hit did not reach the database');
    judged.set(address, hits);
    hitCount += hits.length;
    progress(hitCount, acts.length);
  }
  return judged;
}

const report = (server: DemoServer, automated: 'include' | 'exclude'): Promise<EngagementReport> =>
  ask(server, `/v1/reports/engagement?campaign=${encodeURIComponent(campaign)}&automated=${automated}`);

async function ask<T>(server: DemoServer, path: string): Promise<T> {
  const response = await fetch(`${server.httpUrl}${path}`, { headers: { authorization: `Bearer ${server.apiKey}` } });
  if (!response.ok) throw new Error(`${path.split('?')[0]} answered ${response.status}`);
  return (await response.json()) as T;
}

async function until(done: () => boolean | Promise<boolean>, complaint: string, withinMs = 60_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error(complaint);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function invite(server: DemoServer, stage: Stage): Promise<void> {
  stage.line('\nThe console is open. Sign in once with');
  stage.line(`  ${await server.signInLink()}`);
  stage.line(`\nAPI key for this demonstration: ${server.apiKey}`);
  stage.line('Ctrl+C ends it.\n');
}
