/** A publisher of network lists on loopback, as friendly or as broken as a test wants, and what it was asked. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Running } from '../../src/platform/world.ts';

export type Behaviour = (response: ServerResponse, headers: IncomingHttpHeaders) => void;

export interface Publisher extends Running {
  readonly url: (path: string) => string;
  /** Headers of each question, by path. */
  readonly asked: Map<string, IncomingHttpHeaders[]>;
  behave(path: string, behaviour: Behaviour): void;
}

export async function startPublisher(): Promise<Publisher> {
  const behaviours = new Map<string, Behaviour>();
  const asked = new Map<string, IncomingHttpHeaders[]>();
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    asked.set(path, [...(asked.get(path) ?? []), request.headers]);
    const behaviour = behaviours.get(path) ?? ((answer) => answer.writeHead(404).end());
    behaviour(response, request.headers);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: (path) => `http://127.0.0.1:${port}${path}`,
    asked,
    behave: (path, behaviour) => void behaviours.set(path, behaviour),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Content under an ETag, given again only to who does not have it. */
export const gives =
  (body: string | Uint8Array, etag?: string): Behaviour =>
  (response, headers) => {
    if (etag !== undefined && headers['if-none-match'] === etag) response.writeHead(304).end();
    else response.writeHead(200, etag === undefined ? {} : { etag }).end(body);
  };
export const fails =
  (status: number): Behaviour =>
  (response) =>
    response.writeHead(status).end('no');
export const redirects =
  (to: string): Behaviour =>
  (response) =>
    response.writeHead(302, { location: to }).end();
/** Says nothing at all. */
export const hangs: Behaviour = () => undefined;
/** A byte now and then, for ever. */
export const dribbles: Behaviour = (response) => {
  response.writeHead(200);
  const timer = setInterval(() => response.write('1'), 20);
  response.on('close', () => clearInterval(timer));
};
/** Promises more than comes. */
export const breaksOff =
  (body: string): Behaviour =>
  (response) => {
    response.writeHead(200, { 'content-length': String(body.length * 2) });
    response.write(body, () => response.destroy());
  };

/** Networks that do not touch: the n-th is 17.x.y.0/24, Apple's own. */
export const someNetworks = (count: number, first = 0): string[] =>
  Array.from({ length: count }, (_, n) => `17.${(n + first) >> 7}.${((n + first) & 127) * 2}.0/24`);

export const appleCsv = (networks: readonly string[]): string =>
  networks.map((network) => `${network},GB,GB-ENG,LONDON,\n`).join('');
