/** What operators' tools ask: is the process alive, can it do its work, and its metrics. Needs no key; tells no PHI. */
import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';

/** Resolves when the thing works; what it throws is not shown. */
export type ReadyCheck = () => Promise<unknown>;

export const statusPaths = ['/healthz', '/readyz', '/metrics'] as const;

const checkDeadlineMs = 3_000;

export function mountStatus(
  server: FastifyInstance,
  metrics: Registry,
  checks: Readonly<Record<string, ReadyCheck>>,
): void {
  server.get('/healthz', { config: { name: 'healthz' } }, (_request, reply) =>
    reply.header('cache-control', 'no-store').send({ status: 'alive' }),
  );
  server.get('/readyz', { config: { name: 'readyz' } }, async (_request, reply) => {
    const results = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => [name, (await isWorking(check)) ? 'ok' : 'failing'] as const),
    );
    const isReady = results.every(([, result]) => result === 'ok');
    return reply
      .code(isReady ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ status: isReady ? 'ready' : 'not ready', checks: Object.fromEntries(results) });
  });
  server.get('/metrics', { config: { name: 'metrics' } }, async (_request, reply) =>
    reply
      .header('cache-control', 'no-store')
      .type(metrics.contentType)
      .send(await metrics.metrics()),
  );
}

async function isWorking(check: ReadyCheck): Promise<boolean> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('too late')), checkDeadlineMs);
  try {
    await Promise.race([check(), late]);
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
