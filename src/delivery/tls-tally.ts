/**
 * Counts sessions with recipients' servers for the reports about TLS (RFC 8460): in memory, and put into the database
 * once in a while. What a crash takes is the counting of a minute; mail never waits for it.
 */
import { createHmac } from 'node:crypto';
import { readTlsSessions, type SessionSeen, type TlsCounted, type TlsSession } from '../core/delivery/tls-session.ts';
import type { WorkerTx } from '../platform/database.ts';
import { nullWhenBroken, type Vault } from '../platform/vault.ts';
import type { Running, World } from '../platform/world.ts';
import { addSessions, type TlsCountRow, takeDayRows } from './tls-store.ts';

export interface TlsTally extends Running {
  saw(seen: SessionSeen): void;
}

interface Count {
  readonly day: string;
  readonly counted: TlsCounted;
  sessions: number;
}

const everyMs = 60_000;
const mostAtOnce = 20_000;
/** A domain that shows ever other hosts fills no table: beyond this its hosts are no longer told apart. */
const mostKindsPerDomain = 100;
const tlsReportUse = 'tls-reports';

type Needs = Pick<World, 'db' | 'vault' | 'clock' | 'log'>;

export function startTlsTally(world: Needs): TlsTally {
  let counts = new Map<string, Count>();
  let kinds = { day: '', byDomain: new Map<string, Set<string>>() };
  let storing: Promise<void> = Promise.resolve();

  /** One domain's kinds of the day so far. */
  const kindsOf = (day: string, domain: string): Set<string> => {
    if (kinds.day !== day || kinds.byDomain.size >= mostAtOnce) kinds = { day, byDomain: new Map() };
    const known = kinds.byDomain.get(domain) ?? new Set();
    kinds.byDomain.set(domain, known);
    return known;
  };
  const count = (day: string, recipientDomain: string, session: TlsSession): void => {
    const known = kindsOf(day, recipientDomain);
    const whole = keyOf({ ...session, recipientDomain });
    const fits = known.has(whole) || known.size < mostKindsPerDomain;
    const counted = { ...(fits ? session : withoutHosts(session)), recipientDomain };
    if (fits) known.add(whole);
    const key = `${day} ${keyOf(counted)}`;
    const found = counts.get(key);
    if (found !== undefined) found.sessions += 1;
    else if (counts.size < mostAtOnce) counts.set(key, { day, counted, sessions: 1 });
  };
  const store = async (): Promise<void> => {
    if (counts.size === 0) return;
    const taken = counts;
    counts = new Map();
    try {
      const rows = [...taken.values()].map((one) => rowOf(world, one));
      await world.db.asWorker((tx) => addSessions(tx, rows));
    } catch (error) {
      world.log.warn({ error: (error as Error).name }, 'counts for reports about TLS were not stored yet');
      for (const [key, one] of taken) {
        const since = counts.get(key);
        if (since !== undefined) since.sessions += one.sessions;
        else if (counts.size < mostAtOnce) counts.set(key, one);
      }
    }
  };
  const storeSoon = (): Promise<void> => {
    storing = storing.then(store);
    return storing;
  };
  const timer = setInterval(() => void storeSoon(), everyMs);
  return {
    saw(seen) {
      const day = world.clock.now().toISOString().slice(0, 10);
      for (const session of readTlsSessions(seen)) count(day, seen.domain, session);
    },
    async close() {
      clearInterval(timer);
      await storeSoon();
    },
  };
}

const withoutHosts = (session: TlsSession): TlsSession => ({
  policy: { ...session.policy, ...(session.policy.type === 'tlsa' ? { domain: '', lines: [] } : {}) },
  ...{ failure: session.failure, reason: session.reason, host: null, address: null, source: null },
});

/** Where it succeeded, hosts are not told (RFC 8460 §4.4), so they need no row each. */
const keyOf = ({ recipientDomain, policy, failure, reason, host, address, source }: TlsCounted): string =>
  JSON.stringify([recipientDomain, policy, failure, ...(failure === null ? [] : [reason, host, address, source])]);

function rowOf({ vault }: Needs, { day, counted, sessions }: Count): TlsCountRow {
  const key = vault.derive(tlsReportUse);
  const index = (text: string): Buffer => createHmac('sha256', key).update(text).digest();
  return {
    ...{ day, sessions },
    domainIndex: index(`domain ${counted.recipientDomain}`),
    factsIndex: index(`facts ${keyOf(counted)}`),
    facts: vault.sealer(tlsReportUse).seal('tls.session', JSON.stringify(counted)),
  };
}

/** What was counted of one recipient's domain on a day that is over, taken out of the database with `tx`. */
export async function takeTlsDay(
  tx: WorkerTx,
  vault: Vault,
  today: string,
): Promise<{ day: string; counts: { counted: TlsCounted; sessions: number }[] } | null> {
  const rows = await takeDayRows(tx, today);
  const [first] = rows;
  if (first === undefined) return null;
  const sealer = vault.sealer(tlsReportUse);
  const counts = rows.flatMap(({ facts, sessions }) => {
    try {
      return [{ counted: JSON.parse(sealer.open('tls.session', facts).toString()) as TlsCounted, sessions }];
    } catch (error) {
      return nullWhenBroken(error) ?? []; // under a key that is gone
    }
  });
  return { day: first.day, counts };
}
