/**
 * Measures how many messages a second go through everything (SMTP with sign-in, parsed, instrumented, sealed, durable
 * before 250, queued, rendered, delivered, recorded) beside a bare nodemailer that hands the same bytes to the same sink.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTransport } from 'nodemailer';
import type { PipelineOrder } from './pipeline-server.ts';
import { letter } from './transfer/letter.ts';

export interface PipelineFigures {
  readonly messageBytes: number;
  /** Bare nodemailer, pool of 10, prebuilt bytes straight to the sink. */
  readonly barePerSecond: number;
  /** Until the sink has every message. */
  readonly pipelinePerSecond: number;
  /** The bar is 0.12. */
  readonly ratio: number;
  /** Of our process alone, without PostgreSQL, client and sink. */
  readonly serverCpuMsPerMessage: number;
}

export interface PipelineSize {
  readonly warmUp: number;
  readonly messages: number;
  readonly rounds: number;
}

/** A bare client's pool; and clients enough for rounds of acceptance to be shared, as several sending systems are. */
const bareConnections = 10;
const pipelineConnections = 40;
const defaultSize: PipelineSize = { warmUp: 500, messages: 3_000, rounds: 3 };

export async function benchPipeline(
  say: (line: string) => void = () => undefined,
  size: PipelineSize = defaultSize,
): Promise<PipelineFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-bench-'));
  const children: ChildProcess[] = [];
  try {
    const { ask: askSink, hello: sink } = await start<{ port: number }>('./pipeline-sink.ts', [], children);
    const apiKey = randomBytes(24).toString('hex');
    const order: PipelineOrder = { folder, sinkPort: sink.port, apiKey };
    const { ask: askServer, hello: server } = await start<{ port: number }>(
      './pipeline-server.ts',
      [JSON.stringify(order)],
      children,
    );
    const taken = async (): Promise<number> => (await askSink<{ count: number }>()).count;
    const bare: Door = { port: sink.port };
    const ours: Door = { port: server.port, apiKey };
    for (const door of [bare, ours]) await run(door, size.warmUp, taken);
    const bareRounds: number[] = [];
    const ourRounds: number[] = [];
    const before = (await askServer<{ cpuMs: number }>()).cpuMs;
    for (let round = 1; round <= size.rounds; round += 1) {
      bareRounds.push(await run(bare, size.messages, taken));
      ourRounds.push(await run(ours, size.messages, taken));
      say(
        `round ${round}: bare ${Math.round(bareRounds.at(-1) ?? 0)}/s, pipeline ${Math.round(ourRounds.at(-1) ?? 0)}/s`,
      );
    }
    const cpuMs = (await askServer<{ cpuMs: number }>()).cpuMs - before;
    return figures(bareRounds, ourRounds, cpuMs / (size.rounds * size.messages));
  } finally {
    for (const child of children.reverse()) await end(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Door {
  readonly port: number;
  readonly apiKey?: string;
}

/** Messages a second until the sink has them all. */
async function run(door: Door, count: number, taken: () => Promise<number>): Promise<number> {
  const transport = createTransport({
    pool: true,
    maxConnections: door.apiKey === undefined ? bareConnections : pipelineConnections,
    maxMessages: Number.POSITIVE_INFINITY,
    host: '127.0.0.1',
    port: door.port,
    ...(door.apiKey === undefined
      ? { ignoreTLS: true }
      : { requireTLS: true, auth: { user: 'apikey', pass: door.apiKey }, tls: { rejectUnauthorized: false } }),
  });
  const wanted = (await taken()) + count;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: count }, (_, n) =>
      transport.sendMail({ envelope: { from: 'care@clinic.example', to: `person${n}@example.org` }, raw: letter }),
    ),
  );
  const deadline = began + 120_000;
  while ((await taken()) < wanted) {
    if (performance.now() > deadline) throw new Error('the pipeline did not deliver everything in two minutes');
    await sleep(5);
  }
  const perSecond = (count / (performance.now() - began)) * 1_000;
  transport.close();
  return perSecond;
}

const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;

function figures(bare: readonly number[], ours: readonly number[], serverCpuMsPerMessage: number): PipelineFigures {
  const barePerSecond = Math.round(median(bare));
  const pipelinePerSecond = Math.round(median(ours));
  return {
    messageBytes: letter.length,
    barePerSecond,
    pipelinePerSecond,
    ratio: Number((pipelinePerSecond / barePerSecond).toFixed(3)),
    serverCpuMsPerMessage: Number(serverCpuMsPerMessage.toFixed(2)),
  };
}

interface Started<Hello> {
  readonly hello: Hello;
  ask<Answer>(): Promise<Answer>;
}

async function start<Hello>(file: string, args: readonly string[], children: ChildProcess[]): Promise<Started<Hello>> {
  const child = fork(join(import.meta.dirname, file), args);
  children.push(child);
  const next = async <T>(): Promise<T> => (await once(child, 'message'))[0] as T;
  const hello = await next<Hello>();
  return {
    hello,
    async ask<Answer>() {
      const answer = next<Answer>();
      child.send('?');
      return answer;
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  if (child.connected) child.disconnect();
  const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
  await exited;
  clearTimeout(timer);
}

if (process.argv[1] === import.meta.filename) {
  const figuresOfRun = await benchPipeline((line) => console.error(line));
  console.log(JSON.stringify(figuresOfRun));
}
