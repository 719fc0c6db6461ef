/**
 * The real program in processes of their own, by roles, on one PostgreSQL that commits durably: to be measured and to be
 * killed. It decides nothing; whoever starts it ends it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../src/platform/embedded-postgres.ts';

export interface Site {
  readonly apiKey: string;
  readonly postgres: EmbeddedPostgres;
  start(roles: string, settings?: Readonly<Record<string, string>>): Promise<Running>;
  close(): Promise<void>;
}

export interface Running {
  readonly roles: string;
  readonly httpPort: number;
  readonly child: ChildProcess;
  /** SIGKILL, and gone. */
  kill(): Promise<void>;
}

export async function openSite(smarthost: string): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-site-'));
  const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'database'), now: new Date() });
  const apiKey = randomBytes(24).toString('hex');
  const children: Running[] = [];
  let started = 0;
  return {
    apiKey,
    postgres,
    async start(roles, settings = {}) {
      started += 1;
      const httpPort = settings.WAXWING_HTTP_PORT ?? String(await freePort());
      const running = run(roles, {
        DATABASE_URL: `postgresql://waxwing@localhost/waxwing?host=${encodeURIComponent(String(postgres.connection.host))}`,
        WAXWING_DATA_DIR: join(folder, `process-${started}`),
        ...{ WAXWING_KEY_FILE: join(folder, 'key'), WAXWING_BOOTSTRAP_API_KEY: apiKey, WAXWING_SMARTHOST: smarthost },
        ...{ WAXWING_ROLES: roles, WAXWING_TRACKING_URL: 'https://t.clinic.example', WAXWING_LOG_LEVEL: 'error' },
        ...{ WAXWING_TRACKING_PORT: '0', WAXWING_SMTP_PORT: '0', WAXWING_NETWORKS_REFRESH_HOURS: 'off' },
        ...{ WAXWING_RETRY_BASE_MS: '500', ...settings, WAXWING_HTTP_PORT: httpPort },
      });
      children.push(running);
      await untilReady(running);
      return running;
    },
    async close() {
      for (const child of children) await child.kill();
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function run(roles: string, settings: Readonly<Record<string, string>>): Running {
  const program = join(import.meta.dirname, '..', 'src', 'cli.ts');
  // As `npm start` does.
  const child = spawn(process.execPath, ['--max-semi-space-size=16', program, 'start'], {
    stdio: ['ignore', 'ignore', 'ignore'],
    env: { PATH: process.env.PATH, TMPDIR: process.env.TMPDIR, ...settings },
  });
  return {
    ...{ roles, httpPort: Number(settings.WAXWING_HTTP_PORT), child },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function untilReady({ httpPort, child, roles }: Running): Promise<void> {
  for (const deadline = performance.now() + 120_000; performance.now() < deadline; await sleep(50)) {
    if (child.exitCode !== null) throw new Error(`a process for ${roles} ended at its start`);
    const answer = await fetch(`http://127.0.0.1:${httpPort}/readyz`).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer?.ok === true) return;
  }
  throw new Error(`a process for ${roles} did not become ready`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Resident memory of a process, in bytes; 0: it is gone, or this is not Linux. */
export function residentBytes(pid: number | undefined): number {
  const path = `/proc/${pid}/status`;
  if (!existsSync(path)) return 0;
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(path, 'utf8'))?.[1] ?? 0) * 1024;
}

/** Its part of what is resident: pages that several processes share count in part for each of them. Linux's smaps_rollup. */
export function proportionalBytes(pid: number | undefined): number {
  const path = `/proc/${pid}/smaps_rollup`;
  if (!existsSync(path)) return 0;
  return Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync(path, 'utf8'))?.[1] ?? 0) * 1024;
}

/** A submission over HTTP; the same key until it is answered, whatever dies meanwhile. */
export async function submit(
  port: () => number,
  apiKey: string,
  { path, body, key }: { readonly path: string; readonly body: string; readonly key: string },
): Promise<void> {
  for (const deadline = performance.now() + 300_000; performance.now() < deadline; await sleep(200)) {
    const answer = await fetch(`http://127.0.0.1:${port()}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', 'idempotency-key': key },
      body,
    }).catch(() => undefined);
    const text = await answer?.text().catch(() => undefined);
    if (answer === undefined || text === undefined || answer.status >= 500) continue;
    if (answer.status !== 202) throw new Error(`a submission was refused: ${answer.status} ${text.slice(0, 300)}`);
    return;
  }
  throw new Error('a submission was not answered in five minutes');
}
