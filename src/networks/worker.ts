/** The worker's loop: looks which lists are due, asks for them one after another, and counts how that went. */
import { Counter } from 'prom-client';
import { repeat } from '../platform/repeat.ts';
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
  const refreshes = new Counter({
    name: 'waxwing_network_refresh_total',
    help: 'How asking publishers for their lists of networks went.',
    labelNames: ['list', 'outcome'],
    registers: [world.metrics],
  });
  const onDone = (done: Refreshed): void => {
    refreshes.inc({ list: done.name, outcome: done.outcome });
    tell(world, done);
  };
  const { urls, intervalMs, limits = usualLimits, lookMs = usualLookMs } = options;
  let isPlanned = false;
  const turn = async (closing: AbortSignal): Promise<void> => {
    if (!isPlanned) await planAll(world, options);
    isPlanned = true;
    await refreshAllDue(world, { urls, intervalMs, limits }, closing, onDone);
  };
  return repeat(world, { name: 'the refreshing of network lists', everyMs: lookMs, turn });
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
