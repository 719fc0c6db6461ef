/**
 * Asks one publisher for his list and stores what may be judged by: new content, the word that nothing has changed, or why
 * it was refused, with the list before staying in use. Among all processes one asks at a time.
 */
import type { World } from '../platform/world.ts';
import { compileAside } from './compile-aside.ts';
import { type FetchLimits, fetchList, usualLimits } from './fetch-list.ts';
import type { ListName, ListUrls } from './lists.ts';
import {
  askNow,
  type ClaimedList,
  claimDue,
  plan,
  releaseClaim,
  storeContent,
  storeRefusal,
  storeUnchanged,
} from './store.ts';

export interface RefreshOptions {
  readonly urls: ListUrls;
  readonly intervalMs: number;
  readonly limits: FetchLimits;
}

export interface Refreshed {
  readonly name: ListName;
  readonly outcome: 'changed' | 'unchanged' | 'refused' | 'unreachable';
  readonly prefixes?: number;
  readonly refusal?: { readonly code: string; readonly text: string };
  /** How often in a row it did not come, this time included. */
  readonly failures: number;
}

type Needs = Pick<World, 'db' | 'clock'>;

const firstRetryMs = 5 * 60_000;
/** Beyond everything that fetching and compiling may take. */
const claimBeyondMs = 120_000;

/** Undefined: none of them is due, or others ask already. */
export async function refreshDue(
  world: Needs,
  options: RefreshOptions,
  stop: AbortSignal,
): Promise<Refreshed | undefined> {
  const names = Object.keys(options.urls) as ListName[];
  const now = world.clock.now();
  const until = new Date(now.getTime() + options.limits.totalMs + claimBeyondMs);
  const claimed = await world.db.asWorker((tx) => claimDue(tx, names, now, until));
  const url = claimed && options.urls[claimed.name];
  return claimed && url !== undefined ? refresh(world, claimed, url, options, stop) : undefined;
}

/** Makes these lists due and asks for each; what another process is asking for is left to it. */
export async function refreshNow(
  world: Needs,
  options: Omit<RefreshOptions, 'limits'>,
  onDone: (done: Refreshed) => void,
): Promise<void> {
  const now = world.clock.now();
  await world.db.asWorker(async (tx) => {
    for (const [name, url] of Object.entries(options.urls)) await plan(tx, name as ListName, publicPart(url), now, now);
    await askNow(tx, now, now);
  });
  const never = new AbortController().signal;
  const withLimits = { ...options, limits: usualLimits };
  for (let tried = 0; tried < Object.keys(options.urls).length; tried += 1) {
    const done = await refreshDue(world, withLimits, never);
    if (done === undefined) return;
    onDone(done);
  }
}

async function refresh(
  world: Needs,
  claimed: ClaimedList,
  url: string,
  options: RefreshOptions,
  stop: AbortSignal,
): Promise<Refreshed> {
  const { name } = claimed;
  const source = publicPart(url);
  const isSameSource = claimed.source === source && claimed.content !== null;
  const fetched = await fetchList(url, isSameSource ? claimed : undefined, options.limits, stop);
  if (stop.aborted) {
    await world.db.asWorker((tx) => releaseClaim(tx, name));
    stop.throwIfAborted();
  }
  if (fetched.kind === 'refused') return refuse(world, claimed, fetched, options, outcomeOf(fetched.code));
  const next = (now: Date): Date => new Date(now.getTime() + options.intervalMs * (0.9 + Math.random() / 5));
  if (fetched.kind === 'unchanged') {
    const now = world.clock.now();
    await world.db.asWorker((tx) => storeUnchanged(tx, name, now, next(now)));
    return { name, outcome: 'unchanged', failures: 0 };
  }
  const before = isSameSource ? (claimed.content ?? undefined) : undefined;
  const compiled = await compileAside({ name, bytes: fetched.bytes, before });
  if (compiled.kind === 'refused') return refuse(world, claimed, compiled, options, 'refused');
  const { content, prefixes } = compiled;
  const { etag, lastModified } = fetched;
  const now = world.clock.now();
  const made = { content, prefixes, source, etag, lastModified, fetchedAt: now };
  await world.db.asWorker((tx) => storeContent(tx, name, made, now, next(now)));
  return { name, outcome: 'changed', prefixes, failures: 0 };
}

const outcomeOf = (code: string): Refreshed['outcome'] =>
  ['unreachable', 'timeout', 'incomplete'].includes(code) ? 'unreachable' : 'refused';

async function refuse(
  world: Needs,
  { name, failures }: ClaimedList,
  { code, why }: { readonly code: string; readonly why: string },
  { intervalMs }: RefreshOptions,
  outcome: Refreshed['outcome'],
): Promise<Refreshed> {
  const now = world.clock.now();
  const waitMs = Math.min(intervalMs, firstRetryMs * 2 ** Math.min(failures, 20)) * (0.8 + Math.random() * 0.4);
  const refusal = { code, text: why };
  await world.db.asWorker((tx) => storeRefusal(tx, name, refusal, now, new Date(now.getTime() + waitMs)));
  return { name, outcome, refusal, failures: failures + 1 };
}

/** What may be shown of a URL: its query can hold a key. */
export function publicPart(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
