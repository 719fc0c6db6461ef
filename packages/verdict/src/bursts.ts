/** Finds bursts of clicks on different links in one copy. Whether a burst matters is for the rules. */
import type { Evidence } from './evidence.ts';

export interface Burst {
  readonly strength: 'certain' | 'probable';
  readonly links: number;
  readonly spanMs: number;
}

const SHORT_WINDOW_MS = 2_000;
const LONG_WINDOW_MS = 5_000;
const MANY_LINKS = 5;
const FEW_LINKS = 3;
const NO_BURSTS: ReadonlyMap<Evidence, Burst> = new Map();

interface Click {
  readonly hit: Evidence;
  readonly atMs: number;
  readonly link: number;
}

/** Hits must be in order of time. A click is given the strongest burst it lies in, and of those the one with most links. */
export function findBursts(
  hits: readonly Evidence[],
  options: { readonly isCertainOn: boolean; readonly isProbableOn: boolean },
): ReadonlyMap<Evidence, Burst> {
  const all = hits.flatMap(clickOf);
  if (all.length < FEW_LINKS) return NO_BURSTS;
  const clicks = withoutBystanders(all);
  if (clicks.length < FEW_LINKS) return NO_BURSTS;
  const bursts = new Map<Evidence, Burst>();
  const allLinks = Math.max(0, ...clicks.map((click) => click.hit.linkCount ?? 0));
  const isWhole = (links: number): boolean => links >= FEW_LINKS && allLinks >= FEW_LINKS && links >= allLinks;
  if (options.isProbableOn) mark(clicks, LONG_WINDOW_MS, 'probable', (links) => links >= FEW_LINKS, bursts);
  if (options.isCertainOn)
    mark(clicks, SHORT_WINDOW_MS, 'certain', (links) => links >= MANY_LINKS || isWhole(links), bursts);
  return bursts;
}

/** Without a time or a link index a click proves nothing about a burst; an RFC 8058 POST is no click on a link. */
function clickOf(hit: Evidence): Click[] {
  if (hit.kind !== 'click' || hit.method === 'one-click' || hit.atMs === undefined || hit.link === undefined) return [];
  return [{ hit, atMs: hit.atMs, link: hit.link }];
}

/**
 * A person who follows a link while a scanner does is no part of its burst: from another address and by another program than any
 * other click nearby, out of no network that scanners use, beside clicks that do share a source. Scanners that come from many
 * addresses wear one agent, and those that change both have no such group to stand beside.
 */
function withoutBystanders(clicks: readonly Click[]): readonly Click[] {
  const seen = new Map<string, number>();
  let shared = 0;
  const add = ({ keys }: Evidence, by: 1 | -1): void => {
    for (const key of [keys.address, keys.agent]) {
      if (key === undefined) continue;
      const before = seen.get(key) ?? 0;
      seen.set(key, before + by);
      if (before + by === 2 && by === 1) shared += 1;
      if (before === 2 && by === -1) shared -= 1;
    }
  };
  let from = 0;
  let to = 0;
  return clicks.filter(({ hit, atMs }) => {
    for (let next = clicks[to]; next !== undefined && next.atMs - atMs <= LONG_WINDOW_MS; next = clicks[++to])
      add(next.hit, 1);
    for (let first = clicks[from]; first !== undefined && atMs - first.atMs > LONG_WINDOW_MS; first = clicks[++from])
      add(first.hit, -1);
    const { address, agent } = hit.keys;
    if (address === undefined || agent === undefined || shared === 0) return true;
    const isAlone = seen.get(address) === 1 && seen.get(agent) === 1;
    return !isAlone || (!hit.headers?.isUserActivated && hit.networks.length > 0);
  });
}

/** Slides a window over the clicks and marks all clicks of every window that holds enough different links. */
function mark(
  clicks: readonly Click[],
  windowMs: number,
  strength: Burst['strength'],
  isEnough: (links: number) => boolean,
  bursts: Map<Evidence, Burst>,
): void {
  const times = new Map<number, number>();
  let from = 0;
  clicks.forEach((last, to) => {
    times.set(last.link, (times.get(last.link) ?? 0) + 1);
    for (let first = clicks[from]; first !== undefined && last.atMs - first.atMs > windowMs; first = clicks[from]) {
      forget(times, first.link);
      from += 1;
    }
    if (!isEnough(times.size)) return;
    const burst: Burst = { strength, links: times.size, spanMs: last.atMs - (clicks[from]?.atMs ?? last.atMs) };
    for (const { hit } of clicks.slice(from, to + 1)) if (isStronger(burst, bursts.get(hit))) bursts.set(hit, burst);
  });
}

function forget(times: Map<number, number>, link: number): void {
  const left = (times.get(link) ?? 1) - 1;
  if (left === 0) times.delete(link);
  else times.set(link, left);
}

/** Certain before probable, then more links, then the shorter time. */
export function isStronger(burst: Burst, than: Burst | undefined): boolean {
  if (than === undefined) return true;
  if (burst.strength !== than.strength) return burst.strength === 'certain';
  return burst.links > than.links || (burst.links === than.links && burst.spanMs < than.spanMs);
}

/** "6 links in 1.2 s" */
export function burstText(burst: Burst): string {
  return `${burst.links} links in ${(Math.max(100, burst.spanMs) / 1000).toFixed(1)} s`;
}
