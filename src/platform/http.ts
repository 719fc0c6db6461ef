/**
 * The HTTP server: mounts the areas' routes behind the gate, answers every failure as a problem, and gives every answer
 * its security headers. It knows no area.
 */
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Histogram } from 'prom-client';
import type { Endpoint } from '../contract/endpoint.ts';
import { Problem } from '../contract/problem.ts';
import { mountConsole } from './http-console.ts';
import { asProblem, problemForm } from './http-problems.ts';
import { type Identify, jsonType, mountRoute, pathPattern } from './http-route.ts';
import { mountStatus, type ReadyCheck, statusPaths } from './http-status.ts';
import { newId } from './ids.ts';
import { errorFacts } from './log.ts';
import { rateLimit } from './rate-limit.ts';
import type { Route } from './route.ts';
import type { Listening, World } from './world.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Of the route, for metrics and logs: a URL may hold what must not be told. */
    name?: string;
  }
}

export interface HttpOptions {
  readonly host: string;
  readonly port: number;
  readonly routes: readonly Route[];
  readonly identify: Identify;
  /** Undefined: a process that only answers operators' tools. */
  readonly consoleFolder?: string;
  readonly openApi?: () => unknown;
  readonly checks: Readonly<Record<string, ReadyCheck>>;
  readonly trustedProxies: readonly string[];
  readonly maxMessageBytes: number;
  readonly isPublicUrlHttps: boolean;
}

type Needs = Pick<World, 'clock' | 'log' | 'metrics'>;

const mebibyte = 1024 * 1024;
const signInTries = 20;

export async function startHttp(world: Needs, options: HttpOptions): Promise<Listening> {
  const server = await createHttp(world, options);
  await server.listen({ host: options.host, port: options.port });
  const address = server.server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: () => server.close(),
  };
}

async function createHttp(world: Needs, options: HttpOptions): Promise<FastifyInstance> {
  const server = fastify({
    logger: false,
    genReqId: () => newId(world.clock.now()),
    requestIdHeader: false,
    routerOptions: { maxParamLength: 1_000, ignoreTrailingSlash: false },
    trustProxy: options.trustedProxies.length > 0 ? [...options.trustedProxies] : false,
    bodyLimit: mebibyte,
    requestTimeout: 120_000,
    keepAliveTimeout: 72_000,
    forceCloseConnections: 'idle',
    return503OnClosing: false, // without a code of ours: see refuseAtTheEnd
    // Comes before any hook, so it brings the headers along.
    frameworkErrors: (error, request, reply) =>
      refuse(world, error, request, reply.headers(everyAnswersHeaders(request.id, options.isPublicUrlHttps))),
  });
  takeJsonAsBytes(server);
  addHeaders(server, options.isPublicUrlHttps);
  refuseAtTheEnd(server);
  measure(server, world);
  server.setErrorHandler((error, request, reply) => refuse(world, error, request, reply));
  mountStatus(server, world.metrics, options.checks);
  for (const route of options.routes)
    mountRoute(server, route, {
      identify: options.identify,
      bodyLimitBytes: (endpoint) => bodyLimitBytes(endpoint, options.maxMessageBytes),
      admit: admission(route.endpoint),
    });
  refuseOtherMethods(server, options);
  const { openApi } = options;
  if (openApi !== undefined) server.get('/openapi.json', { config: { name: 'openapi' } }, () => openApi());
  if (options.consoleFolder !== undefined) await mountConsole(server, options.consoleFolder);
  else
    server.setNotFoundHandler(() => {
      throw new Problem('route.not_found');
    });
  return server;
}

/** Strangers come as often as the route says, and try to sign in twenty times a minute. */
function admission(endpoint: Endpoint): (client: string) => void {
  const isSignIn = endpoint.open === true && endpoint.area === 'access';
  const tries = endpoint.mostAMinute ?? (isSignIn ? signInTries : undefined);
  if (tries === undefined) return () => undefined;
  const limit = rateLimit({ tries, windowMs: 60_000 });
  return (client) => {
    if (limit.waitMs(client) > 0) throw new Problem('request.rate_limited');
  };
}

/** JSON escapes and base64 make a message longer than it is on the wire of SMTP. */
function bodyLimitBytes(endpoint: Endpoint, maxMessageBytes: number): number {
  if (endpoint.name === 'sendMessage') return maxMessageBytes * 2 + mebibyte;
  if (endpoint.name === 'sendBatch') return maxMessageBytes * 2 + 16 * mebibyte;
  return endpoint.name === 'judgeObservations' ? 32 * mebibyte : (endpoint.maxBodyBytes ?? mebibyte);
}

/** Routes parse their body themselves: some hash it as it came. */
function takeJsonAsBytes(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  // What is not JSON is left to the few routes that take it: see mountRoute.
  const others = [/^text\/plain\b/, /^application\/x-www-form-urlencoded\b/, /^application\/tlsrpt\+gzip\b/];
  for (const type of [jsonType, ...others])
    server.addContentTypeParser(type, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}

function addHeaders(server: FastifyInstance, isPublicUrlHttps: boolean): void {
  server.addHook('onRequest', async (request, reply) => {
    reply.headers(everyAnswersHeaders(request.id, isPublicUrlHttps));
    // RFC 9112 §3.2: of two, a proxy may have believed the other.
    if ((request.raw.headersDistinct.host?.length ?? 0) > 1) throw new Problem('request.malformed');
  });
}

/** What comes over a connection that is still in use while the server ends is not begun: what it stands on goes next. */
function refuseAtTheEnd(server: FastifyInstance): void {
  let isEnding = false;
  server.addHook('preClose', async () => {
    isEnding = true;
  });
  server.addHook('onRequest', async () => {
    if (isEnding) throw new Problem('server.unavailable');
  });
}

const everyAnswersHeaders = (requestId: string, isPublicUrlHttps: boolean): Record<string, string> => ({
  'x-request-id': requestId,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  ...(isPublicUrlHttps ? { 'strict-transport-security': 'max-age=63072000; includeSubDomains' } : {}),
});

function measure(server: FastifyInstance, world: Needs): void {
  const durations = new Histogram({
    name: 'waxwing_http_request_duration_seconds',
    help: 'HTTP requests by route and status.',
    labelNames: ['route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [world.metrics],
  });
  server.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.config?.name ?? 'other';
    const ms = reply.elapsedTime;
    durations.labels(route, String(reply.statusCode)).observe(ms / 1000);
    world.log.debug({ requestId: request.id, route, status: reply.statusCode, ms: Math.round(ms) }, 'request');
  });
}

/** RFC 9110 §15.5.6: the answer names the methods that exist. */
function refuseOtherMethods(
  server: FastifyInstance,
  { routes, openApi }: Pick<HttpOptions, 'routes' | 'openApi'>,
): void {
  const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
  const own = [...statusPaths, ...(openApi === undefined ? [] : ['/openapi.json'])].map((url) => ({
    url,
    method: 'GET',
  }));
  const all = [...own, ...routes.map(({ endpoint }) => ({ url: pathPattern(endpoint), method: endpoint.method }))];
  for (const [url, ofPath] of Map.groupBy(all, (one) => one.url)) {
    const taken = new Set<string>(ofPath.map((one) => one.method));
    const allow = [...taken, ...(taken.has('GET') ? ['HEAD'] : [])].join(', ');
    server.route({
      method: methods.filter((method) => !taken.has(method)),
      url,
      exposeHeadRoute: false,
      onRequest: async (_request, reply) => {
        reply.header('allow', allow);
        throw new Problem('route.method_not_allowed');
      },
      handler: () => undefined,
    });
  }
}

/** RFC 7617 §2. SNS for one gives its password only when it is asked for it. */
const challengeOf = ({ code }: Problem): string => (code.startsWith('provider.') ? 'Basic realm="waxwing"' : 'Bearer');

function refuse(world: Needs, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = asProblem(error);
  if (known === undefined) {
    const route = request.routeOptions?.config?.name ?? 'other';
    world.log.error({ requestId: request.id, route, ...errorFacts(error) }, 'a request failed');
  }
  const problem = known ?? new Problem('server.error');
  if (problem.status === 401) reply.header('www-authenticate', challengeOf(problem));
  if (problem.code === 'server.unavailable' || problem.code === 'server.busy') reply.header('retry-after', '5');
  if (problem.code === 'request.rate_limited') reply.header('retry-after', String(problem.retryAfterSeconds ?? 60));
  const { type, document } = problemForm(request.url, problem, request.id);
  return reply
    .code(problem.status)
    .header('cache-control', 'no-store')
    .type(`${type}; charset=utf-8`)
    .send(JSON.stringify(document));
}
