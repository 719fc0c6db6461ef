/**
 * What a request target asks of the tracking host. Clients, proxies and scanners spell one URL in many ways; this reads
 * them all and never answers anything.
 */
import type { HitKind } from '../core/token.ts';

export type TrackingTarget =
  | { readonly kind: HitKind | 'unsubscribe'; readonly token: string }
  | { readonly kind: 'health' }
  | { readonly kind: 'robots' }
  | { readonly kind: 'server' }
  | { readonly kind: 'elsewhere' };

const routes: Readonly<Record<string, HitKind | 'unsubscribe'>> = { o: 'open', c: 'click', u: 'unsubscribe' };
const elsewhere: TrackingTarget = { kind: 'elsewhere' };

export function readTarget(requestTarget: string): TrackingTarget {
  if (requestTarget === '*') return { kind: 'server' }; // RFC 9110 §9.3.7: OPTIONS * asks about the server as a whole
  const segments = pathOf(requestTarget).split('/').filter(isSegment);
  const [first, second] = segments;
  const kind = first === undefined ? undefined : routes[first];
  if (kind !== undefined && second !== undefined) return { kind, token: decoded(second) };
  if (segments.length !== 1) return elsewhere;
  if (first === 'healthz') return { kind: 'health' };
  return first === 'robots.txt' ? { kind: 'robots' } : elsewhere;
}

const isSegment = (segment: string): boolean => segment !== '';

/** RFC 9112 §3.2.2: a server must take the absolute form too. Query and fragment say nothing here: Apple strips them. */
function pathOf(requestTarget: string): string {
  const absolute = requestTarget.startsWith('/') ? undefined : /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i.exec(requestTarget);
  const path = absolute ? requestTarget.slice(absolute[0].length) : requestTarget;
  const end = path.search(/[?#]/);
  return end === -1 ? path : path.slice(0, end);
}

/** Percent-encoding a character that needs none changes nothing (RFC 3986 §2.3); what cannot be decoded stays. */
function decoded(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
