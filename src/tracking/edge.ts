/**
 * The tracking host: answers pixels, redirects and unsubscribe links, and puts every hit and will into the journal first. It
 * has no session, sets no cookie, asks no database, and redirects nowhere but where an authentic token says.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type HitKind, openToken, type TokenKeyring, type TokenReading } from '../core/token.ts';
import type { PageWords } from '../core/unsubscribing/unsubscribe-page.ts';
import type { Clock, Listening } from '../platform/world.ts';
import { type TrustedProxies, trustedProxies } from './client-address.ts';
import { evidentHeaders, userAgentOf } from './evident-headers.ts';
import { hitToken, type JournaledHit } from './hit.ts';
import type { CountHits } from './hit-counter.ts';
import type { Journal } from './journal.ts';
import { type TakeUnsubscription, unsubscriptionTaker } from './take-unsubscription.ts';
import { readTarget } from './tracking-target.ts';

export interface EdgeOptions {
  readonly port: number;
  readonly host: string;
  readonly keys: TokenKeyring;
  /** Of unsubscribe links. */
  readonly unsubscribeKeys: TokenKeyring;
  /** What the page of such a link says of an account. */
  readonly wordsOf: (accountId: string) => PageWords;
  readonly journal: Pick<Journal, 'append'>;
  readonly clock: Clock;
  readonly count: CountHits;
  /** CIDRs of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed. */
  readonly trustedProxies: readonly string[];
  readonly newHitId: () => string;
}

type Edge = Omit<EdgeOptions, 'port' | 'host' | 'trustedProxies' | 'unsubscribeKeys' | 'wordsOf'> & {
  readonly proxies: TrustedProxies;
  readonly takeUnsubscription: TakeUnsubscription;
};

// GIF89a, 1 × 1, one transparent pixel: the smallest that every client draws.
// As text, one character a byte: then Node sends header and body in one write instead of two pieces.
const pixel = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64').toString('latin1');

const quiet = [
  ...['Cache-Control', 'no-store, private'],
  ...['Referrer-Policy', 'no-referrer'],
  ...['X-Content-Type-Options', 'nosniff'],
  ...['X-Robots-Tag', 'noindex, nofollow'],
];
const pixelHeaders = [...quiet, 'Content-Type', 'image/gif', 'Content-Length', String(pixel.length)];
const allowed = 'GET, HEAD, OPTIONS';

/** Long enough for slow phones, short enough that a client who sends a byte a second holds nothing for long. */
const limits = {
  maxHeaderSize: 32_768, // a click's URL travels in its token
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 15_000,
  connectionsCheckingInterval: 2_000,
} as const;
const maxConnections = 20_000;
const maxHeaders = 100;
const closeWithinMs = 5_000;
const sweepEveryMs = 50;

export async function startEdgeServer(options: EdgeOptions): Promise<Listening> {
  const { unsubscribeKeys, newHitId, ...desk } = options;
  const edge: Edge = {
    ...options,
    proxies: trustedProxies(options.trustedProxies),
    takeUnsubscription: unsubscriptionTaker({ ...desk, keys: unsubscribeKeys, newEntryId: newHitId }),
  };
  const server = createServer({ ...limits, noDelay: true, requireHostHeader: false }, (request, response) =>
    answer(edge, request, response),
  );
  server.maxConnections = maxConnections;
  server.maxHeadersCount = maxHeaders;
  server.on('clientError', refuse);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, 4_096, resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: () => close(server) };
}

function answer(edge: Edge, request: IncomingMessage, response: ServerResponse): void {
  const target = readTarget(request.url ?? '/');
  if (target.kind === 'open' || target.kind === 'click') takeHit(edge, target.kind, target.token, request, response);
  else if (target.kind === 'unsubscribe') edge.takeUnsubscription(target.token, request, response);
  else if (target.kind === 'health') send(response, 200, 'application/json', '{"status":"ok"}');
  else if (target.kind === 'robots') send(response, 200, 'text/plain', 'User-agent: *\nDisallow: /\n');
  else if (target.kind === 'server' && request.method === 'OPTIONS') allow(response, 204);
  else send(response, 404, 'text/plain', 'Not found\n');
}

function takeHit(edge: Edge, kind: HitKind, token: string, request: IncomingMessage, response: ServerResponse): void {
  const reading = openToken(edge.keys, token, { kind });
  const reply = replyTo(kind, reading, request.method ?? 'GET');
  if (reading.kind === 'not-a-token') {
    edge.count('unattributed', 1);
    reply(response);
    return;
  }
  edge.journal.append(hitOf(edge, kind, reading, request), () => reply(response));
}

function hitOf(edge: Edge, kind: HitKind, reading: TokenReading, request: IncomingMessage): JournaledHit {
  const { headers, socket } = request;
  const { ip, isProxied } = edge.proxies.originOf(socket.remoteAddress, textOf(headers['x-forwarded-for']));
  return {
    id: edge.newHitId(),
    atMs: edge.clock.now().getTime(),
    kind,
    ...hitToken(reading),
    method: (request.method ?? 'GET').slice(0, 20),
    ip,
    isHttps: isProxied && textOf(headers['x-forwarded-proto'])?.split(',')[0]?.trim().toLowerCase() === 'https',
    userAgent: userAgentOf(headers),
    headers: evidentHeaders(headers),
  };
}

const textOf = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(',') : value;

type Reply = (response: ServerResponse) => void;

function replyTo(kind: HitKind, reading: TokenReading, method: string): Reply {
  if (method === 'OPTIONS') return (response) => allow(response, 204);
  if (method !== 'GET' && method !== 'HEAD') return (response) => allow(response, 405);
  if (kind === 'open') return sendPixel;
  if (reading.kind === 'valid' && reading.content.kind === 'click') return redirectTo(reading.content.url);
  return (response) => send(response, 404, 'text/plain', 'Not found\n');
}

const sendPixel: Reply = (response) => {
  response.writeHead(200, pixelHeaders);
  response.end(pixel, 'latin1');
};

/** Header fields are octets (RFC 9110 §5.5); Node writes them as Latin-1, so each byte of the URL is one character here. */
const redirectTo =
  (url: string): Reply =>
  (response) => {
    response.writeHead(302, [...quiet, 'Location', Buffer.from(url, 'utf8').toString('latin1'), 'Content-Length', '0']);
    response.end();
  };

/** RFC 9110 §15.5.6: a 405 names what is allowed. A body that nobody wants is not waited for. */
function allow(response: ServerResponse, status: 204 | 405): void {
  const headers = [...quiet, 'Allow', allowed];
  if (status === 405) headers.push('Content-Length', '0', 'Connection', 'close');
  response.writeHead(status, headers);
  response.end();
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, [...quiet, 'Content-Type', type, 'Content-Length', String(Buffer.byteLength(body))]);
  response.end(body);
}

/** What is not HTTP gets one short line, and the connection ends. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = refusals[error.code ?? ''] ?? '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}

const refusals: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/**
 * Requests under way are answered; idle connections end at once, and slow ones soon. Who keeps asking over one
 * connection is told that this answer is its last: cut off later, it would lose one.
 */
async function close(server: Server): Promise<void> {
  server.prependListener('request', (_request, response) => {
    response.shouldKeepAlive = false;
  });
  const sweep = setInterval(() => server.closeIdleConnections(), sweepEveryMs);
  const hurry = setTimeout(() => server.closeAllConnections(), closeWithinMs);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearInterval(sweep);
  clearTimeout(hurry);
}
