/**
 * One of the three servers that bench/edge.ts compares, in a process of its own: `bare` answers a constant GIF, `minimal`
 * does what any durable edge must and nothing else, `waxwing` is the product's edge with its journal and drain.
 */
import type { KeyObject } from 'node:crypto';
import { open } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { openToken } from '../src/core/token.ts';
import { openVault } from '../src/platform/vault.ts';
import { systemClock } from '../src/platform/world.ts';
import { startDrainThread, startEdge } from '../src/tracking/index.ts';

export interface ServerOrder {
  readonly mode: 'bare' | 'minimal' | 'waxwing';
  readonly folder: string;
  readonly masterKey: string;
  readonly connectionUrl: string;
  readonly isDraining: boolean;
}

export interface ServerStats {
  readonly rssBytes: number;
  readonly journaled: number;
  readonly drained: number;
  readonly lost: number;
}

const gif = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');
const headers = { 'Content-Type': 'image/gif', 'Content-Length': gif.length, 'Cache-Control': 'no-store, private' };
const noCounts = async (): Promise<Omit<ServerStats, 'rssBytes'>> => ({ journaled: 0, drained: 0, lost: 0 });

interface Server {
  readonly port: number;
  readonly counts: () => Promise<Omit<ServerStats, 'rssBytes'>>;
}

const answer = (response: ServerResponse): void => {
  response.writeHead(200, headers);
  response.end(gif);
};

async function bare(): Promise<Server> {
  const server = createServer((_request, response) => answer(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, counts: noCounts };
}

/** The honest limit: opens the token, appends the hit, one fdatasync for all that wait, then answers them. */
async function minimal(order: ServerOrder): Promise<Server> {
  const key: KeyObject = openVault(Buffer.from(order.masterKey, 'hex')).derive('token.1');
  const keys = { currentId: 1, byId: new Map([[1, key]]) };
  const file = await open(join(order.folder, 'minimal.jsonl'), 'a');
  let lines: string[] = [];
  let waiting: ServerResponse[] = [];
  let isWriting = false;
  const write = async (): Promise<void> => {
    while (waiting.length > 0) {
      const text = lines.join('');
      const group = waiting;
      lines = [];
      waiting = [];
      await file.write(text);
      await file.datasync();
      for (const response of group) answer(response);
    }
    isWriting = false;
  };
  const server = createServer((request, response) => {
    const reading = openToken(keys, (request.url ?? '').slice(3));
    const content = reading.kind === 'valid' ? reading.content : null;
    lines.push(
      `${JSON.stringify({ at: Date.now(), content, method: request.method, ip: request.socket.remoteAddress, agent: request.headers['user-agent'] })}\n`,
    );
    waiting.push(response);
    if (isWriting) return;
    isWriting = true;
    setImmediate(write);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, counts: noCounts };
}

async function waxwing(order: ServerOrder): Promise<Server> {
  const masterKey = Buffer.from(order.masterKey, 'hex');
  const metrics = new Registry();
  const world = { vault: openVault(masterKey), clock: systemClock, log: pino({ level: 'warn' }), metrics };
  const journalDir = join(order.folder, 'journal');
  const edge = await startEdge(world, { port: 0, host: '127.0.0.1', journalDir, trustedProxies: ['127.0.0.1'] });
  const connection = { connectionString: order.connectionUrl };
  if (order.isDraining) startDrainThread(world, { journalDir, connection, masterKey });
  const counts = async (): Promise<Omit<ServerStats, 'rssBytes'>> => {
    const values = (await metrics.getSingleMetric('waxwing_hits_total')?.get())?.values ?? [];
    const of = (state: string): number => values.find((value) => value.labels.state === state)?.value ?? 0;
    return { journaled: of('journaled'), drained: of('drained'), lost: of('lost') };
  };
  return { port: edge.port, counts };
}

process.once('disconnect', () => process.exit());
process.once('message', async (order: ServerOrder) => {
  const server = await { bare, minimal, waxwing }[order.mode](order);
  process.on('message', async () => {
    process.send?.({ rssBytes: process.memoryUsage().rss, ...(await server.counts()) } satisfies ServerStats);
  });
  process.send?.({ port: server.port });
});
