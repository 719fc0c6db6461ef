/**
 * Tells the other processes, every few seconds, that this one delivers and what it saw of each destination. When the
 * database is away nothing is lost but the telling. It decides nothing.
 */
import { randomUUID } from 'node:crypto';
import type { World } from '../platform/world.ts';
import type { Claimed } from './claim-store.ts';
import type { Pacing } from './pace-destinations.ts';
import { forgetPaces, forgetWorker, keepPaces, keepWorker, type PaceRow } from './pace-store.ts';
import type { AttemptEnding } from './record-attempts.ts';
import { countReplies, forgetReplyCounts, type ReplyCount, repliesKeptForMs } from './reply-store.ts';

export interface PaceTeller {
  saw(ending: AttemptEnding): void;
  /** Other processes deliver too. */
  hasOthers(): boolean;
  close(): Promise<void>;
}

const everyMs = 5_000;
const aliveForMs = 20_000;
const keptForMs = 3_600_000;
const perFlush = 1_000;

interface Seen {
  readonly claimed: Claimed;
  delivered: number;
  last: Said;
  /** What it said since it was told last, and how often. */
  readonly said: Map<string, Said & { times: number }>;
}

type Said = Pick<PaceRow, 'lastOutcome' | 'lastWhy' | 'lastReplyCode'>;

const outcomeNames = { delivered: 'delivered', retry: 'deferred', bounce: 'bounced' } as const;

/** @param inFlight how many copies to an account's destination are under way. */
export function startTellingPaces(
  world: Pick<World, 'db' | 'clock' | 'log'>,
  pacing: Pacing,
  inFlight: () => ReadonlyMap<string, number>,
): PaceTeller {
  const workerId = randomUUID();
  const seen = new Map<string, Seen>();
  let toldAtMs = world.clock.now().getTime();
  let telling: Promise<void> = Promise.resolve();
  let alive = 1;

  const tell = async (): Promise<void> => {
    const now = world.clock.now();
    const minutes = Math.max(now.getTime() - toldAtMs, 1) / 60_000;
    toldAtMs = now.getTime();
    const running = inFlight();
    const told = [...seen].slice(0, perFlush);
    const said = told.flatMap(([, one]) => takeSaid(one));
    const rows = told.map(([name, one]) => paceRow(one, running.get(name) ?? 0, minutes, pacing));
    settle(seen, running);
    alive = await world.db.asWorker(async (tx) => {
      await keepPaces(tx, workerId, now, rows);
      await countReplies(tx, now, said);
      await forgetPaces(tx, new Date(now.getTime() - keptForMs));
      await forgetReplyCounts(tx, new Date(now.getTime() - repliesKeptForMs));
      return keepWorker(tx, workerId, now, new Date(now.getTime() + aliveForMs));
    });
    pacing.shareWith(alive);
  };
  const tellQuietly = (): void => {
    telling = telling.then(tell).catch((error) => {
      world.log.warn({ error: (error as Error).name }, 'what destinations take was not told');
    });
  };
  tellQuietly();
  const timer = setInterval(tellQuietly, everyMs);
  return {
    saw({ attempt, outcome }) {
      const { claimed, reply } = attempt;
      const name = destinationName(claimed);
      const one = seen.get(name) ?? { claimed, delivered: 0, last: lastOf(outcome, reply), said: new Map() };
      seen.set(name, one);
      one.last = lastOf(outcome, reply);
      count(one);
      if (outcome.kind === 'delivered') one.delivered += 1;
    },
    hasOthers: () => alive > 1,
    async close() {
      clearInterval(timer);
      tellQuietly(); // what was seen since it told last
      await telling;
      await world.db.asWorker((tx) => forgetWorker(tx, workerId)).catch(() => undefined); // its word ends by itself
    },
  };
}

/** No more kinds than there are reasons and reply codes. */
function count({ said, last }: Seen): void {
  const kind = `${last.lastOutcome} ${last.lastWhy} ${last.lastReplyCode}`;
  said.set(kind, { ...last, times: (said.get(kind)?.times ?? 0) + 1 });
}

function takeSaid({ claimed, said }: Seen): ReplyCount[] {
  const counts = [...said.values()].map((one) => ({
    ...one,
    accountId: claimed.accountId,
    domainId: claimed.domainId,
  }));
  said.clear();
  return counts;
}

/** What was told, and nothing new is under way to, need not be told again. The others come first next time. */
function settle(seen: Map<string, Seen>, running: ReadonlyMap<string, number>): void {
  for (const [name, one] of [...seen].slice(0, perFlush)) {
    seen.delete(name);
    if (one.delivered === 0 && !running.has(name)) continue;
    one.delivered = 0;
    seen.set(name, one);
  }
}

export const destinationName = ({ accountId, domainId }: Pick<Claimed, 'accountId' | 'domainId'>): string =>
  `${accountId} ${domainId}`;

const lastOf = (outcome: AttemptEnding['outcome'], reply: AttemptEnding['attempt']['reply']): Said => ({
  lastOutcome: outcomeNames[outcome.kind],
  lastWhy: outcome.why,
  lastReplyCode: reply?.code ?? null,
});

const paceRow = ({ claimed, delivered, last }: Seen, inFlight: number, minutes: number, pacing: Pacing): PaceRow => ({
  accountId: claimed.accountId,
  domainId: claimed.domainId,
  inFlight,
  ...pacing.paceOf(claimed),
  deliveredPerMinute: Math.round(delivered / minutes),
  ...last,
});
