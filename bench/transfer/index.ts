/**
 * Waxwing, Haraka and Postfix in turns: how many messages a second each transfers from the same client to the same sink.
 * Every one of them takes mail by STARTTLS after signing in, has it on disk before its `250`, signs it and hands it on by TLS.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { newRsaCertificate } from '../../test/kit/certificates.ts';
import type { ClientOrder, ClientReport } from './client.ts';
import { startHaraka } from './haraka.ts';
import { startPostfix } from './postfix.ts';
import { processorMs } from './processor-time.ts';
import { endChild, Missing, type Server, type ServerNeeds } from './server.ts';
import type { SinkCount } from './sink.ts';
import { startWaxwing } from './waxwing.ts';

export interface TransferRound {
  /** Until the sink has the last one. */
  readonly transferredPerSecond: number;
  readonly acceptedPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of all its processes; NaN where that cannot be told. */
  readonly processorMsPerMessage: number;
}

export interface TransferFigures {
  /** Medians, by server; a server that is not on this machine is absent. */
  readonly waxwing?: TransferRound;
  readonly haraka?: TransferRound;
  readonly postfix?: TransferRound;
}

export interface TransferSize {
  readonly warmUp: number;
  readonly messages: number;
  readonly rounds: number;
  readonly connections: number;
  readonly only?: readonly ServerName[];
}

type ServerName = keyof TransferFigures;
const starts: Readonly<Record<ServerName, (needs: ServerNeeds) => Promise<Server>>> = {
  waxwing: startWaxwing,
  haraka: startHaraka,
  postfix: startPostfix,
};
const names: readonly ServerName[] = ['waxwing', 'haraka', 'postfix'];
const defaultSize: TransferSize = { warmUp: 500, messages: 3_000, rounds: 3, connections: 40 };

export async function benchTransfer(
  say: (line: string) => void = () => undefined,
  size: TransferSize = defaultSize,
): Promise<TransferFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-bench-'));
  chmodSync(folder, 0o755);
  const [sink, client] = [fork(join(import.meta.dirname, 'sink.ts')), fork(join(import.meta.dirname, 'client.ts'))];
  const servers = new Map<ServerName, Server>();
  try {
    const [[{ port: sinkPort }]] = (await Promise.all([once(sink, 'message'), once(client, 'message')])) as [
      [{ readonly port: number }],
      unknown,
    ];
    const certificate = await newRsaCertificate('127.0.0.1');
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const signingKey = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
    for (const name of size.only ?? names) {
      const needs = { folder: join(folder, name), sinkPort, certificate, signingKey };
      mkdirSync(needs.folder);
      const server = await startOrTell(name, needs, say);
      if (server !== null) servers.set(name, server);
    }
    return await inTurns({ sink, client }, servers, size, say);
  } finally {
    for (const server of servers.values()) await server.close();
    for (const child of [client, sink]) await endChild(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startOrTell(name: ServerName, needs: ServerNeeds, say: (line: string) => void): Promise<Server | null> {
  try {
    return await starts[name](needs);
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    say(`${name} is not measured: ${error.message}`);
    return null;
  }
}

interface Harness {
  readonly sink: ChildProcess;
  readonly client: ChildProcess;
}

async function inTurns(
  harness: Harness,
  servers: ReadonlyMap<ServerName, Server>,
  size: TransferSize,
  say: (line: string) => void,
): Promise<TransferFigures> {
  const rounds = new Map<ServerName, TransferRound[]>();
  for (const server of servers.values()) await transfer(harness, server, size.warmUp, size.connections);
  for (let round = 1; round <= size.rounds; round += 1)
    for (const [name, server] of servers) {
      const one = await transfer(harness, server, size.messages, size.connections);
      rounds.set(name, [...(rounds.get(name) ?? []), one]);
      say(`round ${round}: ${server.name} ${told(one)}`);
    }
  return Object.fromEntries([...rounds].map(([name, ofServer]) => [name, medianRound(ofServer)]));
}

const told = ({
  transferredPerSecond,
  acceptedPerSecond,
  p50Ms,
  p99Ms,
  processorMsPerMessage,
}: TransferRound): string =>
  `${Math.round(transferredPerSecond)}/s transferred, ${Math.round(acceptedPerSecond)}/s accepted, p50 ${p50Ms.toFixed(0)} ms, p99 ${p99Ms.toFixed(0)} ms, ${processorMsPerMessage.toFixed(2)} ms of processor a message`;

async function transfer(
  { sink, client }: Harness,
  server: Server,
  messages: number,
  connections: number,
): Promise<TransferRound> {
  const before = await askSink(sink);
  const cpuBefore = processorMs(server.pids);
  const order: ClientOrder = {
    ...{ port: server.port, user: server.user, password: server.password },
    ...{ messages, connections },
  };
  const report = await handOver(client, order).catch((error: Error) => {
    throw new Error(`${server.name}: ${error.message}`);
  });
  const deadline = performance.now() + 120_000;
  let after = await askSink(sink);
  while (after.count < before.count + messages) {
    if (performance.now() > deadline)
      throw new Error(`${server.name} transferred ${after.count - before.count} of ${messages} in two minutes`);
    await sleep(20);
    after = await askSink(sink);
  }
  refuseUnlike(server, before, after, messages);
  const tookMs = after.lastAtMs - report.beganAtMs;
  const { acceptedPerSecond, p50Ms, p99Ms } = report;
  const processorMsPerMessage = ((processorMs(server.pids) ?? Number.NaN) - (cpuBefore ?? Number.NaN)) / messages;
  return {
    transferredPerSecond: (messages / tookMs) * 1_000,
    ...{ acceptedPerSecond, p50Ms, p99Ms, processorMsPerMessage },
  };
}

/** What is compared must have been done. */
function refuseUnlike(server: Server, before: SinkCount, after: SinkCount, messages: number): void {
  const all = (what: 'signed' | 'secured' | 'tracked'): boolean => after[what] - before[what] === messages;
  if (!all('signed')) throw new Error(`${server.name} did not sign every message`);
  if (!all('secured')) throw new Error(`${server.name} did not send every message through TLS`);
  if (server.name === 'Waxwing' && !all('tracked')) throw new Error('Waxwing did not track every message');
}

async function askSink(sink: ChildProcess): Promise<SinkCount> {
  const answer = once(sink, 'message') as Promise<[SinkCount]>;
  sink.send('?');
  return (await answer)[0];
}

async function handOver(client: ChildProcess, order: ClientOrder): Promise<ClientReport> {
  const answer = once(client, 'message') as Promise<[ClientReport | { readonly broken: string }]>;
  client.send(order);
  const [report] = await answer;
  if ('broken' in report) throw new Error(report.broken);
  return report;
}

function medianRound(rounds: readonly TransferRound[]): TransferRound {
  const median = (what: keyof TransferRound): number =>
    rounds.map((round) => round[what]).toSorted((one, other) => one - other)[Math.floor(rounds.length / 2)] ?? 0;
  return {
    transferredPerSecond: median('transferredPerSecond'),
    acceptedPerSecond: median('acceptedPerSecond'),
    p50Ms: median('p50Ms'),
    p99Ms: median('p99Ms'),
    processorMsPerMessage: median('processorMsPerMessage'),
  };
}

if (process.argv[1] === import.meta.filename) {
  const [messages = 3_000, rounds = 3, ...only] = process.argv.slice(2);
  const size = { ...defaultSize, messages: Number(messages), rounds: Number(rounds) };
  const chosen = only.length === 0 ? {} : { only: only as ServerName[] };
  console.log(JSON.stringify(await benchTransfer((line) => console.error(line), { ...size, ...chosen }), null, 1));
}
