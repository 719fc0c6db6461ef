/** The worker's loop: looks which lists are due, asks for them one after another, and counts how that went. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Counter } from 'prom-client';
import { DatabaseUnavailable } from '../platform/database.ts';
import { errorFacts } from '../platform/log.ts';
import type { Running, World } from '../platform/world.ts';
import { type FetchLimits, usualLimits } from './fetch-list.ts';
import type { ListName, ListUrls } from './lists.ts';
import { publicPart, type Refreshed, type RefreshOptions, refreshDue } from './refresh-list.ts';
import { plan } from './store.ts';

export interface RefreshingOptions {
  readonly urls: ListUrls;
  readonly intervalMs: number;
  /** How soon a new installation asks for the first time, at the earliest; it takes up to twice that. */
  readonly firstAfterMs?: number;
  readonly lookMs?: number;
  readonly limits?: FetchLimits;
}

const usualFirstAfterMs = 60_000;
const usualLookMs = 5_000;

export function startRefreshing(world: World, options: RefreshingOptions): Running {
  const stopping = new AbortController();
  const refreshes = new Counter({
    name: 'waxwing_network_refresh_total',
    help: 'How asking publishers for their lists of networks went.',
    labelNames: ['list', 'outcome'],
    registers: [world.metrics],
  });
  const running = loop(world, options, stopping.signal, (done) => {
    refreshes.inc({ list: done.name, outcome: done.outcome });
    tell(world, done);
  });
  return {
    async close() {
      stopping.abort();
      await running;
    },
  };
}

async function loop(
  world: World,
  options: RefreshingOptions,
  stop: AbortSignal,
  onDone: (done: Refreshed) => void,
): Promise<void> {
  const { urls, intervalMs, limits = usualLimits, lookMs = usualLookMs } = options;
  let isPlanned = false;
  while (!stop.aborted) {
    try {
      if (!isPlanned) await planAll(world, options);
      isPlanned = true;
      await refreshAllDue(world, { urls, intervalMs, limits }, stop, onDone);
    } catch (error) {
      if (error instanceof DatabaseUnavailable) world.log.debug('network lists wait for the database');
      else if (!stop.aborted) world.log.error(errorFacts(error), 'network lists could not be looked after');
    }
    await sleep(lookMs, undefined, { signal: stop }).catch(() => undefined);
  }
}

async function planAll(world: World, { urls, firstAfterMs = usualFirstAfterMs }: RefreshingOptions): Promise<void> {
  const now = world.clock.now();
  await world.db.asWorker(async (tx) => {
    for (const [name, url] of Object.entries(urls)) {
      const firstAt = new Date(now.getTime() + firstAfterMs * (1 + Math.random()));
      await plan(tx, name as ListName, publicPart(url), firstAt, now);
    }
  });
}

async function refreshAllDue(
  world: World,
  options: RefreshOptions,
  stop: AbortSignal,
  onDone: (done: Refreshed) => void,
): Promise<void> {
  for (;;) {
    const done = await refreshDue(world, options, stop);
    if (done === undefined) return;
    onDone(done);
  }
}

/** A publisher that cannot be reached is told once, not every few minutes: there are houses without a way out. */
function tell(world: World, { name, outcome, prefixes, refusal, failures }: Refreshed): void {
  const facts = { list: name, outcome, ...(prefixes === undefined ? {} : { prefixes }), code: refusal?.code };
  if (refusal === undefined) world.log.info(facts, 'a network list was refreshed');
  else if (outcome === 'refused' || failures === 1)
    world.log.warn(facts, 'a network list was not refreshed; what is in use stays in use');
}
