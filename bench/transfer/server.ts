/** What the servers in the comparison have in common, and how a child of the benchmark is started, awaited and ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Server {
  readonly name: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Where its processes begin. */
  readonly pids: readonly number[];
  close(): Promise<void>;
}

export interface ServerNeeds {
  /** Of its own; gone afterwards. */
  readonly folder: string;
  readonly sinkPort: number;
  /** For the submission port. */
  readonly certificate: { readonly key: string; readonly cert: string };
  /** The RSA key of 2048 bits that signs for clinic.example. */
  readonly signingKey: string;
}

/** Why a server cannot be measured on this machine. */
export class Missing extends Error {}

export const user = 'sender';
export const password = 'a-secret-for-the-benchmark';
export const selector = 'bench';
export const domain = 'clinic.example';

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = net.createServer().once('error', reject);
    probe.listen({ port: 0, host: '127.0.0.1' }, () => {
      const { port } = probe.address() as net.AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

export const pidOf = ({ pid }: ChildProcess): number => pid ?? 0;

/** What it says goes to a file beside its configuration. */
export function startChild(
  program: string,
  args: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): ChildProcess {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = createWriteStream(`${options.cwd}/said.log`, { flags: 'a' });
  child.stdout?.pipe(said, { end: false });
  child.stderr?.pipe(said, { end: false });
  return child;
}

export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await exited;
  clearTimeout(timer);
}

/** Until something listens there. */
export async function listening(port: number, withinMs = 30_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await answers(port))) {
    if (performance.now() > deadline) throw new Error(`nothing listens on port ${port} after ${withinMs} ms`);
    await sleep(100);
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
