/**
 * Delivery's loop: claims what is due, delivers it, records what came of it. It holds each recipient by a lease, so
 * that after a crash another worker goes on, and sends twice at most what was in flight.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultRetryPolicy, type RetryPolicy } from '../core/delivery/backoff.ts';
import { paceAnswerOf } from '../core/delivery/pace.ts';
import { DatabaseUnavailable } from '../platform/database.ts';
import type { Ear } from '../platform/database-words.ts';
import { openDns } from '../platform/dns.ts';
import { errorFacts } from '../platform/log.ts';
import { openSmtpClient } from '../platform/smtp-client.ts';
import type { Running, World } from '../platform/world.ts';
import { returnPathOf, unsubscribeMailOf } from '../suppressions/index.ts';
import { tokenKeys, unsubscribeKeys } from '../tracking/index.ts';
import { type Claims, openClaims } from './claim.ts';
import { type Claimed, nextDueAt, park, renewLeases } from './claim-store.ts';
import { type Carrier, deliverCopy } from './deliver-message.ts';
import { openHostHealth } from './host-health.ts';
import { newGauge, type WaitGauge } from './in-flight.ts';
import { boundLargeCopies, type LargeCopies } from './large-copies.ts';
import { type DeliveryMetrics, deliveryMetrics } from './metrics.ts';
import { type CopyLoader, type LoadedCopy, openCopyLoader } from './open-copies.ts';
import { openPacing, type Pacing } from './pace-destinations.ts';
import { openPolicySources, type SourceOptions } from './policy-sources.ts';
import { hearQueueBell, openQueueBell, type QueueBell } from './queue-bell.ts';
import { claimedOf, type Ending, endingOf } from './record-attempts.ts';
import { openRecorder, type Recorder } from './recorder.ts';
import { openRouter, type RouteOptions } from './route.ts';
import { destinationName, type PaceTeller, startTellingPaces } from './tell-paces.ts';
import { startTellingRelays } from './tell-relays.ts';
import { startTlsTally, type TlsTally } from './tls-tally.ts';

export interface DeliveryOptions extends RouteOptions, SourceOptions {
  /** Where recipients reach the tracking host. */
  readonly trackingUrl: string;
  /** Copies leave with an envelope sender of their own there; absent: with the message's. */
  readonly bounceDomain?: string | undefined;
  /** Who sends reports about TLS; absent: nobody, and nothing is counted. */
  readonly tlsReportsFrom?: string | undefined;
  /** Sent with EHLO; the name that this host is known by. */
  readonly helloName: string;
  /** The first wait before a retry. */
  readonly retryBaseMs?: number | undefined;
  readonly maxConnectionsPerHop?: number;
  readonly maxInFlight?: number;
  /** Copies at once to one destination, in all processes together; fewer when it answers that this is too much. */
  readonly maxPerDestination?: number;
  /** After a crash others wait so long before they go on with what was held. */
  readonly leaseMs?: number;
  /** How long a connection to a next hop may take until it is ready for a message. */
  readonly setupTimeoutMs?: number;
  /** How often an empty queue is looked at, at least; told of work, a process looks at once. */
  readonly pollMs?: number;
}

export interface Delivery extends Running {
  /** Something was put in the queue by this process: look at once. Other processes that deliver are told too. */
  nudge(): void;
  /** What this process is just storing, and what is to go out at once. */
  remember: CopyLoader['remember'];
}

const defaultLeaseMs = 20_000;
const graceMs = 20_000;
const cacheBytes = 64 * 1024 * 1024;
const troubleWaitMs = 500;
/** An empty queue is looked at so often: while words of others are heard, and while they are not. */
const hearingPollMs = 2_000;
const deafPollMs = 200;
/** What is due and not to be had is being taken by another process. */
const soonestMs = 20;
const fullWaitMs = 200;
/** A destination whose servers are slow must not take every place. */
const destinationPart = 0.25;
/** Places that destinations may hold together of which nobody knows whether they answer. */
const unheardPart = 0.5;
/** Copies beside the places, for each of them, whose destinations have fallen silent or are slow. */
const asidePerPlace = 2;
/** After a claim of only a few the next waits this long for company. */
const gatherMs = 30;
const few = 25;

interface Desk {
  readonly world: World;
  readonly carrier: Carrier;
  readonly loader: CopyLoader;
  readonly recorder: Recorder;
  readonly metrics: DeliveryMetrics;
  readonly claims: Claims;
  readonly pacing: Pacing;
  readonly paces: PaceTeller;
  readonly relays: Running;
  readonly tally: TlsTally | null;
  readonly retry: RetryPolicy;
  /** Begun and not recorded: what a crash may send twice. */
  readonly inFlight: WaitGauge;
  /** The same without those that wait aside, because their destinations are silent or slow. */
  readonly placed: WaitGauge;
  readonly aside: Set<string>;
  readonly large: LargeCopies;
  /** By recipient: what this process has begun and not recorded yet. */
  readonly held: Map<string, Claimed>;
  readonly maxInFlight: number;
  readonly leaseMs: number;
  readonly pollMs: number | undefined;
  readonly bell: QueueBell;
  /** Of what waits, as it stood when nothing was due. */
  nextDueAt: Date | null;
  stopping: boolean;
  troubled: boolean;
  wake: () => void;
  nudged: boolean;
}

export function startDelivery(world: World, options: DeliveryOptions): Delivery {
  const desk = openDesk(world, options);
  const renewing = setInterval(() => {
    desk.loader.forgetOld();
    void renew(desk);
  }, desk.leaseMs / 4);
  const ear = hearQueueBell(world.db, () => nudge(desk));
  const looping = loop(desk, ear);
  return {
    remember: desk.loader.remember,
    nudge() {
      nudge(desk);
      if (desk.paces.hasOthers()) desk.bell.ring();
    },
    async close() {
      desk.stopping = true;
      nudge(desk);
      await looping;
      await ear.close();
      await desk.inFlight.belowOrAfter(1, graceMs);
      desk.recorder.abandon();
      clearInterval(renewing);
      await desk.paces.close();
      await desk.relays.close();
      await desk.tally?.close();
      desk.carrier.client.close();
    },
  };
}

function openDesk(world: World, options: DeliveryOptions): Desk {
  const now = (): Date => world.clock.now();
  const held = new Map<string, Claimed>();
  const [inFlight, placed] = [newGauge(), newGauge()];
  const metrics = deliveryMetrics(world, () => held.size);
  const dns = openDns({ servers: options.dnsServers ?? [] });
  const router = openRouter(options, dns, openPolicySources(world, dns, options));
  const health = openHostHealth(now);
  const relays = startTellingRelays(world, health, router.installation);
  const tally = options.tlsReportsFrom === undefined ? null : startTlsTally(world);
  const maxInFlight = options.maxInFlight ?? 100;
  const pacing = openPacing({
    now,
    mostPerDestination: options.maxPerDestination ?? Math.ceil(maxInFlight * destinationPart),
    mostOfRelay: router.installation.kind === 'relay' ? maxInFlight : null,
    mostUnheard: Math.ceil(maxInFlight * unheardPart),
    mostAside: maxInFlight * asidePerPlace,
  });
  return {
    world,
    carrier: {
      client: openSmtpClient({
        now,
        helloName: options.helloName,
        maxConnectionsPerHop: options.maxConnectionsPerHop ?? 20,
        setupTimeoutMs: options.setupTimeoutMs,
        ...(options.trusted === undefined ? {} : { trusted: options.trusted }),
      }),
      router,
      health: relays.watching(health),
      keys: tokenKeys(world.vault),
      unsubscribeKeys: unsubscribeKeys(world.vault),
      trackingUrl: options.trackingUrl,
      tally,
      returnPath: options.bounceDomain === undefined ? null : returnPathOf(world.vault, options.bounceDomain),
      unsubscribeMail: options.bounceDomain === undefined ? null : unsubscribeMailOf(world.vault, options.bounceDomain),
      now,
    },
    loader: openCopyLoader(world, cacheBytes),
    recorder: openRecorder(world, (endings) => {
      for (const ending of endings) held.delete(claimedOf(ending).recipientId);
      inFlight.add(-endings.length);
      placed.add(-endings.length);
    }),
    metrics,
    claims: openClaims(),
    pacing,
    relays,
    tally,
    paces: startTellingPaces(world, pacing, () => countByDestination(held.values())),
    retry: { ...defaultRetryPolicy, baseMs: options.retryBaseMs ?? defaultRetryPolicy.baseMs },
    inFlight,
    placed,
    aside: new Set(),
    large: boundLargeCopies(),
    held,
    maxInFlight,
    leaseMs: options.leaseMs ?? defaultLeaseMs,
    pollMs: options.pollMs,
    bell: openQueueBell(world.db),
    nextDueAt: null,
    stopping: false,
    troubled: false,
    wake: () => {},
    nudged: false,
  };
}

function countByDestination(held: Iterable<Claimed>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const one of held) counts.set(destinationName(one), (counts.get(destinationName(one)) ?? 0) + 1);
  return counts;
}

function nudge(desk: Desk): void {
  desk.nudged = true;
  desk.wake();
}

async function loop(desk: Desk, ear: Ear): Promise<void> {
  while (!desk.stopping) {
    standAside(desk);
    // A claim costs a transaction: wait until a worthwhile part of the places is free.
    await desk.placed.belowOrAfter(desk.maxInFlight / 2, fullWaitMs);
    standAside(desk);
    if (desk.placed.level() >= desk.maxInFlight) continue;
    desk.nudged = false;
    const began = performance.now();
    const found = await claimAndDeliver(desk);
    if (found === 'nothing') await rest(desk, untilNextMs(desk, ear.isHearing()));
    else if (found === 'trouble') await rest(desk, troubleWaitMs);
    else if (found === 'few') await sleep(Math.max(0, gatherMs - (performance.now() - began)));
  }
}

/** Silent and slow destinations keep no place from those that answer soon. */
function standAside({ pacing, held, aside, placed }: Desk): void {
  for (const recipientId of pacing.standAside((id) => held.has(id))) {
    aside.add(recipientId);
    placed.add(-1);
  }
}

/** Until what waits is due; at most until the next look at an empty queue. */
function untilNextMs({ nextDueAt, pollMs, world }: Desk, isHearing: boolean): number {
  const atMostMs = pollMs ?? (isHearing ? hearingPollMs : deafPollMs);
  if (nextDueAt === null) return atMostMs;
  return Math.min(atMostMs, Math.max(soonestMs, nextDueAt.getTime() - world.clock.now().getTime()));
}

/** Until the next nudge, at most so long. */
function rest(desk: Desk, waitMs: number): Promise<void> {
  if (desk.nudged || desk.stopping) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, waitMs);
    desk.wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

async function claimAndDeliver(desk: Desk): Promise<'many' | 'few' | 'nothing' | 'trouble'> {
  try {
    const claimed = await claim(desk);
    const admitted = await admit(desk, claimed);
    await deliverAccounts(desk, admitted).finally(() => {
      // What could not be loaded was not begun.
      for (const one of admitted) if (!desk.held.has(one.recipientId)) desk.pacing.left(one);
    });
    if (desk.troubled) desk.world.log.info('delivery reads its queue again');
    desk.troubled = false;
    return claimed.length === 0 ? 'nothing' : claimed.length < few ? 'few' : 'many';
  } catch (error) {
    // What was claimed and not begun is held by nobody and comes back when its lease ends.
    if (!desk.troubled) desk.world.log.error(errorFacts(error), 'delivery cannot read its queue');
    desk.troubled = true;
    return 'trouble';
  }
}

async function claim(desk: Desk): Promise<Claimed[]> {
  const now = desk.world.clock.now();
  const leaseEnd = new Date(now.getTime() + desk.leaseMs);
  const room = desk.maxInFlight - desk.placed.level();
  // A lease that a crash of the database takes back is one that ended early: no more is sent twice than was in flight.
  const taken = await desk.world.db.asWorkerForNow(async (tx) => {
    const some = await desk.claims.take(tx, { now, leaseEnd }, room);
    if (some.length === 0) desk.nextDueAt = await nextDueAt(tx);
    return some;
  });
  const due = taken.filter(({ isHeld }) => !isHeld);
  // What this process still works on came back because its lease ended early: now it has a new one.
  for (const one of due) if (desk.held.has(one.recipientId)) desk.held.set(one.recipientId, one);
  return due.filter((one) => !desk.held.has(one.recipientId));
}

/** Those that their destinations take now; the others go back until their turn comes. */
async function admit(desk: Desk, claimed: readonly Claimed[]): Promise<Claimed[]> {
  const answers = claimed.map((one) => ({ claimed: one, answer: desk.pacing.admit(one) }));
  const parked = answers.flatMap(({ claimed: one, answer }) =>
    answer === 'go' ? [] : [{ claimed: one, until: answer }],
  );
  const admitted = answers.flatMap(({ claimed: one, answer }) => (answer === 'go' ? [one] : []));
  try {
    if (parked.length > 0) await desk.world.db.asWorkerForNow((tx) => park(tx, parked));
  } catch (error) {
    for (const one of admitted) desk.pacing.left(one);
    throw error;
  }
  return admitted;
}

/** One account's trouble is told after the others have had their turn. */
async function deliverAccounts(desk: Desk, claimed: readonly Claimed[]): Promise<void> {
  const troubles: unknown[] = [];
  for (const [accountId, ofAccount] of Map.groupBy(claimed, (one) => one.accountId))
    await deliverAll(desk, accountId, ofAccount).catch((error) => {
      if (error instanceof DatabaseUnavailable) throw error;
      troubles.push(error);
    });
  if (troubles.length > 0) throw troubles[0];
}

async function deliverAll(desk: Desk, accountId: string, claimed: readonly Claimed[]): Promise<void> {
  let left = claimed;
  while (left.length > 0) {
    const { copies, later, crowded } = await desk.loader.load(accountId, left, desk.large.asking());
    for (const copy of copies) begin(desk, copy);
    const now = desk.world.clock.now();
    const parked = crowded.map((one) => ({ claimed: one, until: desk.large.nextTurn(now) }));
    if (parked.length > 0) await desk.world.db.asWorkerForNow((tx) => park(tx, parked));
    left = later;
  }
}

function begin(desk: Desk, copy: LoadedCopy): void {
  const bytes = copy.kind === 'ready' ? copy.message.content.length : 0;
  desk.held.set(copy.claimed.recipientId, copy.claimed);
  desk.inFlight.add(1);
  desk.placed.add(1);
  desk.large.began(bytes);
  void end(desk, copy)
    .then((ending) => {
      desk.pacing.left(copy.claimed);
      if (desk.aside.delete(copy.claimed.recipientId)) desk.placed.add(1);
      if (ending !== 'lost') return desk.recorder.add(ending);
      desk.held.delete(copy.claimed.recipientId);
      desk.inFlight.add(-1);
      desk.placed.add(-1);
    })
    .finally(() => desk.large.ended(bytes));
}

/** `lost`: the lease ended before the copy was begun, so that another worker may have it. */
async function end(desk: Desk, copy: LoadedCopy): Promise<Ending | 'lost'> {
  const { claimed } = copy;
  const at = desk.world.clock.now();
  if (desk.stopping) return { kind: 'release', claimed, at };
  if (copy.kind === 'suppressed') return { kind: 'drop', claimed, at, why: copy.why };
  if (copy.kind !== 'ready') return copy.kind === 'gone' ? { kind: 'drop', claimed, at } : hold(desk, claimed, at);
  try {
    const attempt = await deliverCopy(desk.carrier, copy, () => assertHeld(desk, claimed));
    const tookMs = Math.max(0, attempt.at.getTime() - at.getTime());
    const { host, relay } = attempt;
    desk.pacing.answered(claimed, { kind: paceAnswerOf({ ...attempt, tookMs }), tookMs, host, relay });
    const ending = endingOf(attempt, desk.retry, Math.random());
    desk.metrics.attempted(ending.outcome);
    desk.paces.saw(ending);
    return ending;
  } catch (error) {
    if (error instanceof LeaseEnded) return 'lost';
    // Ours: a copy that cannot be made would fail the same way for ever.
    desk.world.log.error({ error: (error as Error).name, recipientId: claimed.recipientId }, 'a copy cannot be made');
    return hold(desk, claimed, at);
  }
}

class LeaseEnded extends Error {}

function assertHeld(desk: Desk, { recipientId }: Claimed): void {
  const leaseEnd = desk.held.get(recipientId)?.leaseEnd;
  if (leaseEnd === undefined || leaseEnd <= desk.world.clock.now()) throw new LeaseEnded();
}

function hold(desk: Desk, claimed: Claimed, at: Date): Ending {
  const { accountId, messageId, recipientId } = claimed;
  desk.world.log.error({ accountId, messageId, recipientId }, 'delivery held: the stored content does not open');
  return { kind: 'hold', claimed, at };
}

/** Keeps what takes long from being taken by another worker. */
async function renew(desk: Desk): Promise<void> {
  const nowMs = desk.world.clock.now().getTime();
  const ending = [...desk.held.values()].filter((one) => one.leaseEnd.getTime() - nowMs < (desk.leaseMs * 3) / 4);
  if (ending.length === 0) return;
  const leaseEnd = new Date(nowMs + desk.leaseMs);
  try {
    const renewed = await desk.world.db.asWorkerForNow((tx) => renewLeases(tx, ending, leaseEnd));
    for (const one of ending) {
      if (renewed.has(one.recipientId) && desk.held.has(one.recipientId))
        desk.held.set(one.recipientId, { ...one, leaseEnd });
    }
  } catch (error) {
    desk.world.log.warn({ error: (error as Error).name, leases: ending.length }, 'delivery leases not renewed');
  }
}
