/** What a hit is seen among: the other hits of the same copy, the bursts in them, the tainted sources, the people. */
import { type Burst, findBursts } from './bursts.ts';
import type { Evidence } from './evidence.ts';

export interface Scene {
  readonly hits: readonly Evidence[];
  /** The burst that a click belongs to. */
  readonly burstOf: ReadonlyMap<Evidence, Burst>;
  /** Hits on a honeypot or with a damaged token. */
  readonly tainters: readonly Evidence[];
  /** Hits already judged plainly human and settled; empty until then. */
  readonly people: readonly Evidence[];
}

/** A hit judged by itself. */
export const ALONE: Scene = { hits: [], burstOf: new Map(), tainters: [], people: [] };

/** Hits in order of time; rules that are switched off leave no trace on others. */
export function sceneOf(hits: readonly Evidence[], isEnabled: (rule: string) => boolean): Scene {
  const bursts = { isCertainOn: isEnabled('click-burst'), isProbableOn: isEnabled('click-flurry') };
  const isTainter = (hit: Evidence): boolean =>
    (hit.isHoneypot && isEnabled('honeypot-hit')) || (hit.isTokenDamaged && isEnabled('damaged-token'));
  return { hits, burstOf: findBursts(hits, bursts), tainters: hits.filter(isTainter), people: [] };
}
