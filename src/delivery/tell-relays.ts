/**
 * Tells, every few seconds, how this process found the relays that it sent through, so that people can read it wherever
 * they ask, and counts relays by state for operators. When the database is away nothing is lost but the telling.
 */
import { randomUUID } from 'node:crypto';
import { Gauge } from 'prom-client';
import type { MailRoute } from '../core/delivery/mail-route.ts';
import type { Running, World } from '../platform/world.ts';
import { forgetRelayStates, keepRelayStates, type RelayStateRow } from '../routing/index.ts';
import type { HostHealth, ToldHost } from './host-health.ts';

const everyMs = 5_000;
const keptForMs = 3_600_000;
const relaysAtMost = 5_000;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export interface RelayTeller extends Running {
  /** The same health, and what is tried by it is told from then on. */
  watching(health: HostHealth): HostHealth;
}

export function startTellingRelays(
  world: Pick<World, 'db' | 'clock' | 'log' | 'metrics'>,
  health: HostHealth,
  installation: MailRoute,
): RelayTeller {
  const workerId = randomUUID();
  const tried = new Set<string>();
  const everTried = new Set<string>();
  let telling: Promise<void> = Promise.resolve();
  measure(world, installation, () => health.tell(everTried));

  const tell = async (): Promise<void> => {
    const now = world.clock.now();
    const rows = health.tell(tried).map(rowOf);
    // One that fails is told of for as long as it does, and one that has not answered yet once it has.
    for (const { relayId, state } of rows) if (state === 'working') tried.delete(relayId);
    if (rows.length === 0) return;
    await world.db.asWorker(async (tx) => {
      await keepRelayStates(tx, workerId, now, rows);
      await forgetRelayStates(tx, new Date(now.getTime() - keptForMs));
    });
  };
  const tellQuietly = (): void => {
    telling = telling.then(tell).catch((error) => {
      world.log.warn({ error: (error as Error).name }, 'how relays are doing was not told');
    });
  };
  const timer = setInterval(tellQuietly, everyMs);
  return {
    watching: (of) => ({
      ...of,
      tries(key) {
        // Mail hosts of recipients have names for keys, and are nobody's to tell of.
        if (uuid.test(key) && everTried.size < relaysAtMost) {
          tried.add(key);
          everTried.add(key);
        }
        of.tries(key);
      },
    }),
    async close() {
      clearInterval(timer);
      tellQuietly();
      await telling;
    },
  };
}

const rowOf = ({ key, state, answeredAt, failingSince, lastWhy, restsUntil }: ToldHost): RelayStateRow => ({
  ...{ relayId: key, state, answeredAt, failingSince, lastWhy, restsUntil },
});

/** The installation's relays by their place in its setting; those of accounts as a count alone. */
function measure({ metrics }: Pick<World, 'metrics'>, { hosts }: MailRoute, told: () => ToldHost[]): void {
  const registers = [metrics];
  new Gauge({
    name: 'waxwing_smarthost_up',
    help: '1: the relay answers or was not tried yet; 0: it failed lately. By its place in WAXWING_SMARTHOST, from 1.',
    labelNames: ['place'],
    registers,
    collect() {
      const failing = new Set(told().flatMap(({ key, state }) => (state === 'working' ? [] : [key])));
      for (const [place, { id }] of hosts.entries()) this.set({ place: place + 1 }, failing.has(id) ? 0 : 1);
    },
  });
  new Gauge({
    name: 'waxwing_route_relays',
    help: 'Relays of accounts’ own routes that this process sent through, by state.',
    labelNames: ['state'],
    registers,
    collect() {
      const own = new Set(hosts.map(({ id }) => id));
      const states = told().flatMap(({ key, state }) => (own.has(key) ? [] : [state]));
      for (const state of ['working', 'resting', 'probing'] as const)
        this.set({ state }, states.filter((one) => one === state).length);
    },
  });
}
