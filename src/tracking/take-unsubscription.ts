/**
 * Requests to an unsubscribe link: a page for whoever looks, and one act, a POST that says so (RFC 8058 §3.2), which is in
 * the journal before it is answered. It reads no cookie, asks no database, redirects nowhere, and no GET or HEAD acts.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TokenKeyring } from '../core/token.ts';
import { bodyBytesMax, readWill } from '../core/unsubscribing/one-click-body.ts';
import { type PageStep, type PageWords, pageStyle, unsubscribePage } from '../core/unsubscribing/unsubscribe-page.ts';
import { openUnsubscribeToken, type UnsubscribeSubject } from '../core/unsubscribing/unsubscribe-token.ts';
import type { Clock } from '../platform/world.ts';
import type { Journal } from './journal.ts';

export interface UnsubscribeDesk {
  readonly keys: TokenKeyring;
  readonly journal: Pick<Journal, 'append'>;
  readonly clock: Clock;
  readonly newEntryId: () => string;
  /** What the page says of whom the mail is from; known without asking anybody. */
  readonly wordsOf: (accountId: string) => PageWords;
}

export type TakeUnsubscription = (token: string, request: IncomingMessage, response: ServerResponse) => void;

const allowed = 'GET, HEAD, POST, OPTIONS';

export function unsubscriptionTaker(desk: UnsubscribeDesk): TakeUnsubscription {
  const repeats = countRepeats(desk.clock);
  return (token, request, response) => {
    const subject = openUnsubscribeToken(desk.keys, token);
    const { method = 'GET' } = request;
    if (method === 'OPTIONS') send(response, 204, { Allow: allowed });
    else if (subject === undefined) text(response, 404, 'Not found\n');
    else if (method === 'GET' || method === 'HEAD') page(response, 200, 'ask', desk.wordsOf(subject.accountId));
    else if (method !== 'POST') text(response, 405, 'Method not allowed\n', { Allow: allowed });
    else
      collect(request, (body) => {
        if (body === 'too-large') text(response, 413, 'Too large\n');
        else if (body !== 'broken-off') act(desk, { subject, body, repeats }, request, response);
      });
  };
}

interface Asked {
  readonly subject: UnsubscribeSubject;
  readonly body: Buffer;
  readonly repeats: Repeats;
}

function act(desk: UnsubscribeDesk, asked: Asked, request: IncomingMessage, response: ServerResponse): void {
  const { subject, body, repeats } = asked;
  const words = desk.wordsOf(subject.accountId);
  const will = readWill(request.headers['content-type'], body);
  if (will === null) {
    page(response, 400, 'not-understood', words);
    return;
  }
  if (repeats.isEnough(subject.recipientId)) {
    page(response, 200, 'done', words);
    return;
  }
  desk.journal.append(
    {
      ...{ kind: 'unsubscribe', id: desk.newEntryId(), atMs: desk.clock.now().getTime(), will },
      subject: { kind: 'recipient', ...subject },
    },
    (isKept) => {
      if (isKept) {
        repeats.kept(subject.recipientId);
        page(response, 200, 'done', words);
      } else text(response, 503, 'Not kept, please try again\n', { 'Retry-After': '60' });
    },
  );
}

type Body = Buffer | 'too-large' | 'broken-off';

/** A body beyond the limit is not read to its end, and one that says so is not read at all. */
function collect(request: IncomingMessage, done: (body: Body) => void): void {
  if (Number(request.headers['content-length'] ?? 0) > bodyBytesMax) {
    done('too-large');
    return;
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  let isOver = false;
  const end = (body: Body): void => {
    if (isOver) return;
    isOver = true;
    done(body);
  };
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) {
      request.pause();
      end('too-large');
    } else if (!isOver) chunks.push(chunk);
  });
  request.on('end', () => end(Buffer.concat(chunks)));
  request.on('error', () => end('broken-off'));
  request.on('close', () => end('broken-off'));
}

/** So often in a minute the same copy is put into the journal; more of it is answered alike and adds nothing. */
const keptAMinute = 10;
const windowMs = 60_000;
const copiesAtMost = 50_000;

interface Repeats {
  /** It is in the journal often enough: nothing would be lost by not putting it there again. */
  isEnough(recipientId: string): boolean;
  kept(recipientId: string): void;
}

/** A flood of one link must not fill the disk. What the journal did not keep does not count: it is tried again. */
function countRepeats(clock: Clock): Repeats {
  const told = new Map<string, { readonly sinceMs: number; times: number }>();
  const lately = (recipientId: string) => {
    const known = told.get(recipientId);
    return known !== undefined && Math.abs(clock.now().getTime() - known.sinceMs) < windowMs ? known : undefined;
  };
  return {
    isEnough: (recipientId) => (lately(recipientId)?.times ?? 0) >= keptAMinute,
    kept(recipientId) {
      const known = lately(recipientId) ?? { sinceMs: clock.now().getTime(), times: 0 };
      known.times += 1;
      told.delete(recipientId);
      told.set(recipientId, known);
      const [oldest] = told.keys();
      if (told.size > copiesAtMost && oldest !== undefined) told.delete(oldest);
    },
  };
}

const styleHash = createHash('sha256').update(pageStyle).digest('base64');
const policy = `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;

function page(response: ServerResponse, status: number, step: PageStep, words: PageWords): void {
  const body = unsubscribePage(step, words);
  const headers = { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': policy };
  send(response, status, headers, body);
}

/** Whatever else was on its way with a request that is refused is not waited for. */
const text = (response: ServerResponse, status: number, body: string, more: Record<string, string> = {}): void =>
  send(response, status, { 'Content-Type': 'text/plain', Connection: 'close', ...more }, body);

const quiet = {
  'Cache-Control': 'no-store, private',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Robots-Tag': 'noindex, nofollow',
} as const;

function send(response: ServerResponse, status: number, headers: Record<string, string>, body = ''): void {
  const length = status === 204 ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
  response.writeHead(status, { ...quiet, ...headers, ...length });
  response.end(body);
}
