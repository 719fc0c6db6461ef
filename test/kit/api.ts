/** Areas' routes on a real HTTP server behind the real gate, and a client that holds answers against the contract. */
import assert from 'node:assert/strict';
import type { z } from 'zod';
import { openGate } from '../../src/accounts/index.ts';
import type { Endpoint } from '../../src/contract/endpoint.ts';
import { startHttp } from '../../src/platform/http.ts';
import type { Route } from '../../src/platform/route.ts';
import type { Running, World } from '../../src/platform/world.ts';

type Gate = ReturnType<typeof openGate>;

export interface TestApi extends Running {
  readonly url: string;
}

export async function startApi(
  world: World,
  routes: (gate: Gate) => readonly Route[],
  options: { readonly trustedProxies?: readonly string[] } = {},
): Promise<TestApi> {
  const gate = openGate(world, { publicUrl: 'http://127.0.0.1' });
  const http = await startHttp(world, {
    host: '127.0.0.1',
    port: 0,
    routes: routes(gate),
    identify: gate.identify,
    checks: {},
    trustedProxies: options.trustedProxies ?? [],
    maxMessageBytes: 1_000_000,
    isPublicUrlHttps: false,
  });
  return { url: `http://127.0.0.1:${http.port}`, close: http.close };
}

export interface Asked {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: unknown;
}

export function request(
  api: TestApi,
  endpoint: Endpoint,
  apiKey: string | undefined,
  asked: Asked = {},
): Promise<Response> {
  const path = endpoint.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(asked.params?.[name] ?? ''));
  const query = new URLSearchParams(Object.entries(asked.query ?? {}).map(([name, value]) => [name, String(value)]));
  return fetch(`${api.url}${path}?${query}`, {
    method: endpoint.method,
    headers: {
      ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      ...(asked.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(asked.body === undefined ? {} : { body: JSON.stringify(asked.body) }),
  });
}

/** The answer, which must be what the contract says. */
export async function ask<Result extends z.ZodType>(
  api: TestApi,
  endpoint: Endpoint<z.ZodType, z.ZodType, z.ZodType, Result>,
  apiKey: string,
  asked: Asked = {},
): Promise<z.output<Result>> {
  const response = await request(api, endpoint, apiKey, asked);
  const text = await response.text();
  assert.equal(response.status, endpoint.status, text);
  return endpoint.result.parse(JSON.parse(text));
}

/** The code of a refusal. */
export async function refusal(
  api: TestApi,
  endpoint: Endpoint,
  apiKey: string | undefined,
  asked: Asked = {},
): Promise<string> {
  const response = await request(api, endpoint, apiKey, asked);
  assert.match(response.headers.get('content-type') ?? '', /problem\+json/);
  return ((await response.json()) as { code: string }).code;
}
