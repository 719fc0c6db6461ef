/** Mounts a route of an area: who calls, what is sent, what is answered. It decides nothing else. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Endpoint } from '../contract/endpoint.ts';
import { Problem } from '../contract/problem.ts';
import { openTurns } from './at-once.ts';
import { fieldErrors } from './http-problems.ts';
import { readJsonBody } from './json-body.ts';
import { Answer, type Caller, type Route, type RoutePermission } from './route.ts';

export type Headers = Readonly<Record<string, string | undefined>>;
export type Identify = (
  request: { method: string; headers: Headers; address: string; needsFreshProof: boolean },
  permission: RoutePermission,
) => Promise<Caller>;

export interface MountOptions {
  readonly identify: Identify;
  readonly bodyLimitBytes: (endpoint: Endpoint) => number;
  /** Throws request.rate_limited. */
  readonly admit: (clientAddress: string) => void;
}

/** There is nobody behind a request that needs no key. A handler of an open route does not look at its caller. */
const nobody: Caller = { accountId: '', actor: { kind: 'system', id: 'open' } };

export function mountRoute(server: FastifyInstance, route: Route, options: MountOptions): void {
  const { endpoint, permission } = route;
  const callers = new WeakMap<FastifyRequest, Caller>();
  const addresses = new WeakMap<FastifyRequest, string>();
  const turns = takeTurns(endpoint);
  server.route({
    method: endpoint.method,
    url: pathPattern(endpoint),
    bodyLimit: options.bodyLimitBytes(endpoint),
    config: { name: endpoint.name },
    // Before the body is read: a stranger does not make us read megabytes.
    onRequest: async (request, reply) => {
      const address = addressOf(request);
      addresses.set(request, address);
      options.admit(address);
      if (permission === 'open') return;
      const needsFreshProof = endpoint.stepUp === true;
      const asked = { method: request.method, headers: plainHeaders(request), address, needsFreshProof };
      const caller = await options.identify(asked, permission);
      if (endpoint.accountWide === true && caller.departments !== undefined) throw new Problem('auth.account_wide');
      callers.set(request, caller);
      await turns?.begin(request, reply, caller);
    },
    handler: async (request, reply) => {
      if (request.body !== undefined) refuseOtherTypes(endpoint, request.headers['content-type'] ?? '');
      refuseCodings(endpoint, request.headers['content-encoding']);
      const rawBody = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const work = () =>
        route.handle(
          {
            params: readParams(endpoint, request.params),
            query: readQuery(endpoint, request.query),
            body: readBody(endpoint, rawBody),
            headers: plainHeaders(request),
            rawBody,
            requestId: request.id,
            address: addresses.get(request) ?? addressOf(request),
          },
          callers.get(request) ?? nobody,
        );
      return answer(reply, endpoint, await (turns === undefined ? work() : turns.during(request, work)));
    },
  });
}

/** A turn lasts until the work is done, also when its client is gone by then; without work, as long as the connection. */
function takeTurns({ atOnce }: Endpoint) {
  if (atOnce === undefined) return undefined;
  const turns = openTurns(atOnce);
  const ends = new WeakMap<FastifyRequest, () => void>();
  const working = new WeakSet<FastifyRequest>();
  return {
    async begin(request: FastifyRequest, reply: FastifyReply, { accountId }: Caller): Promise<void> {
      const left = new AbortController();
      reply.raw.once('close', () => {
        left.abort();
        if (!working.has(request)) ends.get(request)?.();
      });
      if (reply.raw.destroyed) throw new Problem('request.malformed');
      const end = await turns.take(accountId, left.signal);
      ends.set(request, end);
      if (left.signal.aborted) end();
    },
    async during(request: FastifyRequest, work: () => unknown): Promise<unknown> {
      working.add(request);
      try {
        return await work();
      } finally {
        ends.get(request)?.();
      }
    },
  };
}

/** A connection that is cut already has no address any more: what nobody waits for is not done, as it could not be told of. */
function addressOf(request: FastifyRequest): string {
  const address: string | undefined = request.ip;
  if (address === undefined) throw new Problem('request.malformed');
  return address;
}

export const jsonType: RegExp = /^application\/([\w.-]+\+)?json\b/i;

function refuseOtherTypes({ takes = [] }: Endpoint, type: string): void {
  const isTaken = jsonType.test(type) || takes.some((one) => type.toLowerCase().startsWith(one));
  if (!isTaken) throw new Problem('request.unsupported_media_type');
}

/** RFC 9110 §15.5.16. The few that take other types read the body as it came, packed or not. */
function refuseCodings({ takes = [] }: Endpoint, coding = 'identity'): void {
  if (takes.length === 0 && coding.toLowerCase() !== 'identity') throw new Problem('request.unsupported_media_type');
}

export const pathPattern = (endpoint: Endpoint): string => endpoint.path.replace(/\{(\w+)\}/g, ':$1');

function answer(reply: FastifyReply, endpoint: Endpoint, result: unknown): FastifyReply {
  reply.code(endpoint.status).header('cache-control', 'no-store');
  const body = result instanceof Answer ? result.body : result;
  if (result instanceof Answer)
    for (const [name, value] of Object.entries(result.headers))
      reply.header(name, Array.isArray(value) ? [...value] : value);
  if (body === undefined) return reply.send();
  if (!reply.hasHeader('content-type')) return reply.type('application/json; charset=utf-8').send(JSON.stringify(body));
  return reply.send(body);
}

/** An id that cannot be one of ours names nothing, like any other unknown id. */
function readParams(endpoint: Endpoint, given: unknown): unknown {
  const parsed = endpoint.params.safeParse(given);
  if (parsed.success) return parsed.data;
  const notFound = endpoint.problems.find((code) => code.endsWith('.not_found'));
  throw notFound === undefined ? new Problem('request.malformed', fieldErrors(parsed.error)) : new Problem(notFound);
}

function read<Schema extends z.ZodType>(schema: Schema, given: unknown, prefix: string): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw new Problem('request.malformed', fieldErrors(parsed.error, prefix));
  return parsed.data;
}

/** No text that is stored or looked for has U+0000, which PostgreSQL takes nowhere. */
function readQuery(endpoint: Endpoint, given: unknown): unknown {
  const values = Object.entries(given as Record<string, unknown>);
  if (values.some(([, value]) => [value].flat().some((one) => String(one).includes('\0'))))
    throw new Problem('request.malformed', [{ field: 'query', message: 'has U+0000' }]);
  return read(endpoint.query, given, '');
}

const takesBody = (endpoint: Endpoint): boolean => !endpoint.body.safeParse(undefined).success;

function readBody(endpoint: Endpoint, raw: Buffer): unknown {
  if (!takesBody(endpoint)) return undefined;
  const given = readJsonBody(raw);
  const isTooMany = (issue: z.core.$ZodIssue): boolean =>
    issue.code === 'too_big' && issue.path.join() === 'observations';
  const parsed = endpoint.body.safeParse(given);
  if (parsed.success) return parsed.data;
  if (endpoint.problems.includes('verdicts.too_many') && parsed.error.issues.some(isTooMany))
    throw new Problem('verdicts.too_many');
  throw new Problem('request.malformed', fieldErrors(parsed.error));
}

const plainHeaders = (request: FastifyRequest): Headers =>
  Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
