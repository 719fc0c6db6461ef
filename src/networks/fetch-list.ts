/**
 * Fetches one list over HTTP within limits of time and size, asking only for what has changed. It follows redirects to
 * nowhere but https, sends nothing about this installation, and judges no content.
 */
import { randomUUID } from 'node:crypto';
import { mayFollow } from '../core/networks/list-url.ts';

export interface FetchLimits {
  readonly maxBytes: number;
  /** For everything, redirects included. */
  readonly totalMs: number;
  /** Between two pieces of an answer. */
  readonly silenceMs: number;
  readonly maxRedirects: number;
}

export const usualLimits: FetchLimits = {
  maxBytes: 64 * 1024 * 1024,
  totalMs: 180_000,
  silenceMs: 20_000,
  maxRedirects: 5,
};

/** What the content in use came with. */
export interface Validators {
  readonly etag: string | null;
  readonly lastModified: string | null;
}

export type FetchFault = 'unreachable' | 'timeout' | 'incomplete' | 'http_status' | 'too_large' | 'redirect_refused';

export type Fetched =
  | ({ readonly kind: 'content'; readonly bytes: Uint8Array } & Validators)
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'refused'; readonly code: FetchFault; readonly why: string };

const refused = (code: FetchFault, why: string): Fetched => ({ kind: 'refused', code, why });

export async function fetchList(
  url: string,
  known: Validators | undefined,
  limits: FetchLimits,
  stop: AbortSignal,
): Promise<Fetched> {
  const watch = watchdog(limits, stop);
  try {
    return await ask(url, known, limits, watch);
  } catch (error) {
    if (watch.isTooSlow()) return refused('timeout', 'The publisher did not answer, or not to the end, in time.');
    return refused('unreachable', `The publisher could not be reached (${reasonOf(error)}).`);
  } finally {
    watch.end();
  }
}

async function ask(url: string, known: Validators | undefined, limits: FetchLimits, watch: Watchdog): Promise<Fetched> {
  let at = withRequestId(url);
  for (let redirects = 0; redirects <= limits.maxRedirects; redirects += 1) {
    const response = await fetch(at, { redirect: 'manual', headers: headersFor(known), signal: watch.signal });
    watch.heard();
    const next = redirectOf(response, at);
    if (next === undefined) return read(response, known, limits, watch);
    await response.body?.cancel();
    if (!mayFollow(at, next))
      return refused('redirect_refused', 'The publisher redirects away from https, or into this network.');
    at = next;
  }
  return refused('redirect_refused', `The publisher redirects more than ${limits.maxRedirects} times.`);
}

/** The Microsoft 365 endpoints want an id of the client's own with every question; ours is a new one each time. */
function withRequestId(url: string): string {
  const parsed = new URL(url);
  const hasId = [...parsed.searchParams.keys()].some((name) => name.toLowerCase() === 'clientrequestid');
  if (parsed.hostname === 'endpoints.office.com' && !hasId) parsed.searchParams.set('clientrequestid', randomUUID());
  return parsed.href;
}

const headersFor = (known: Validators | undefined): Record<string, string> => ({
  'user-agent': 'waxwing (network lists)',
  accept: '*/*',
  ...(known?.etag ? { 'if-none-match': known.etag } : {}),
  ...(known?.lastModified ? { 'if-modified-since': known.lastModified } : {}),
});

function redirectOf(response: Response, from: string): string | undefined {
  if (![301, 302, 303, 307, 308].includes(response.status)) return undefined;
  return URL.parse(response.headers.get('location') ?? '', from)?.href ?? '';
}

async function read(
  response: Response,
  known: Validators | undefined,
  limits: FetchLimits,
  watch: Watchdog,
): Promise<Fetched> {
  if (response.status === 304 && known !== undefined) return { kind: 'unchanged' };
  if (response.status !== 200) {
    await response.body?.cancel();
    return refused('http_status', `The publisher answered with status ${response.status}.`);
  }
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    for await (const piece of response.body ?? []) {
      watch.heard();
      sizeBytes += piece.length;
      if (sizeBytes > limits.maxBytes) return refused('too_large', `It is larger than ${limits.maxBytes} bytes.`);
      pieces.push(piece);
    }
  } catch (error) {
    if (watch.signal.aborted) throw error;
    return refused('incomplete', `The answer broke off (${reasonOf(error)}).`);
  }
  const { headers } = response;
  return {
    kind: 'content',
    bytes: Buffer.concat(pieces),
    etag: headers.get('etag'),
    lastModified: headers.get('last-modified'),
  };
}

interface Watchdog {
  readonly signal: AbortSignal;
  heard(): void;
  isTooSlow(): boolean;
  end(): void;
}

/** Somebody who sends a byte a second would otherwise keep us for years. */
function watchdog({ totalMs, silenceMs }: FetchLimits, stop: AbortSignal): Watchdog {
  const slow = new AbortController();
  const total = setTimeout(() => slow.abort(), totalMs);
  const silence = setTimeout(() => slow.abort(), silenceMs);
  return {
    signal: AbortSignal.any([slow.signal, stop]),
    heard: () => void silence.refresh(),
    isTooSlow: () => slow.signal.aborted,
    end() {
      clearTimeout(total);
      clearTimeout(silence);
    },
  };
}

/** Only codes: messages repeat host names, and what a server writes into its errors. */
function reasonOf(error: unknown): string {
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } };
  const reason = cause?.code ?? code;
  return typeof reason === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(reason) ? reason : 'no answer';
}
