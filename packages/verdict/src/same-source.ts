/** Says whether two hits share a source. Addresses that whole providers share say nothing about a person. */
import type { Evidence } from './evidence.ts';

/** Many people stand behind one address of a provider's image proxy or of Apple's egress. */
export function isSharedByMany(hit: Evidence): boolean {
  const { kind } = hit.client;
  return kind === 'display-proxy' || kind === 'gmail-actions' || kind === 'gmail-prefetch' || kind === 'gmail-sampling';
}

export function isSameAddress(left: Evidence, right: Evidence): boolean {
  return left.keys.address !== undefined && left.keys.address === right.keys.address;
}

export function isSameAgent(left: Evidence, right: Evidence): boolean {
  return left.keys.agent !== undefined && left.keys.agent === right.keys.agent;
}

/** The same agent from the same /24 or /48, or from the same address. */
export function isSameMachine(left: Evidence, right: Evidence): boolean {
  if (!isSameAgent(left, right)) return false;
  return isSameAddress(left, right) || (left.keys.block !== undefined && left.keys.block === right.keys.block);
}

/** Milliseconds between two hits; infinite when either time is unknown. */
export function apartMs(left: Evidence, right: Evidence): number {
  if (left.atMs === undefined || right.atMs === undefined) return Number.POSITIVE_INFINITY;
  return Math.abs(left.atMs - right.atMs);
}
