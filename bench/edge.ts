/**
 * Measures the edge beside a bare server and beside the least that a durable edge can do, with the same load generator in
 * the same run, then how fast the drain catches up and whether memory stays flat over a million hits.
 */
import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import pg from 'pg';
import { openVault } from '../src/platform/vault.ts';
import { tokenKeys, trackingUrls } from '../src/tracking/index.ts';
import { openTestDatabase } from '../test/kit/database.ts';
import type { ServerOrder, ServerStats } from './edge-server.ts';

const connections = 256;
const seconds = Number(process.env.BENCH_SECONDS ?? 5);
const rounds = 3;
const copies = 200_000;
const memoryHits = Number(process.env.BENCH_MEMORY_HITS ?? 1_000_000);

export interface EdgeFigures {
  readonly generator: 'wrk' | 'autocannon';
  readonly bare: Load;
  readonly minimal: Load;
  readonly waxwing: Load;
  readonly ratioToMinimal: number;
  readonly ratioToBare: number;
  readonly p99ToMinimal: number;
  readonly drainedPerSecond: number;
  readonly rssAfterWarmUpBytes: number;
  readonly rssAfterMillionBytes: number;
  readonly lost: number;
}

export interface Load {
  readonly perSecond: number;
  readonly p99Ms: number;
}

export async function benchEdge(say: (line: string) => void = () => undefined): Promise<EdgeFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-bench-'));
  const database = await openTestDatabase();
  const masterKey = randomBytes(32);
  const children: ChildProcess[] = [];
  try {
    const paths = await seed(database.connection, masterKey);
    const generator = loadGenerator(folder, paths);
    const order = { folder, masterKey: masterKey.toString('hex'), connectionUrl: database.connectionUrl };
    const start = (mode: ServerOrder['mode'], isDraining: boolean): Promise<Measured> =>
      startServer({ ...order, mode, isDraining, folder: mkdtempSync(join(folder, `${mode}-`)) }, children);
    const servers = {
      bare: await start('bare', false),
      minimal: await start('minimal', false),
      waxwing: await start('waxwing', true),
    };
    const drain = await measureDrain(servers.waxwing, generator, say);
    const loads = await measureRounds(servers, generator, say);
    const memory = await measureMemory(servers.waxwing, generator, say);
    return figures(generator.name, loads, drain, memory);
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await database.close();
    rmSync(folder, { recursive: true });
  }
}

interface Measured {
  readonly port: number;
  stats(): Promise<ServerStats>;
}

async function startServer(order: ServerOrder, children: ChildProcess[]): Promise<Measured> {
  const child = fork(fileURLToPath(new URL('./edge-server.ts', import.meta.url)));
  children.push(child);
  const ended = once(child, 'exit').then(() => {
    throw new Error(`the ${order.mode} server ended`);
  });
  ended.catch(() => undefined);
  const ask = async <T>(message: object): Promise<T> => {
    const answer = once(child, 'message');
    child.send(message);
    return (await Promise.race([answer, ended]))[0] as T;
  };
  const { port } = await ask<{ port: number }>(order);
  return { port, stats: () => ask<ServerStats>({}) };
}

type Mode = ServerOrder['mode'];
const modes: readonly Mode[] = ['bare', 'minimal', 'waxwing'];

/** Turn by turn, so that whatever else the machine does falls on all three; medians. */
async function measureRounds(
  servers: Readonly<Record<Mode, Measured>>,
  generator: LoadGenerator,
  say: (line: string) => void,
): Promise<Record<Mode, Load>> {
  const runs: Record<Mode, Load[]> = { bare: [], minimal: [], waxwing: [] };
  for (const mode of modes) await generator.run(servers[mode].port, 2);
  for (let round = 0; round < rounds; round++)
    for (const mode of modes) {
      const load = await generator.run(servers[mode].port, seconds);
      runs[mode].push(load);
      say(`${mode.padEnd(8)} ${Math.round(load.perSecond)} requests/s, p99 ${load.p99Ms.toFixed(1)} ms`);
    }
  return { bare: middle(runs.bare), minimal: middle(runs.minimal), waxwing: middle(runs.waxwing) };
}

function middle(loads: readonly Load[]): Load {
  const at = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
  return { perSecond: at(loads.map((load) => load.perSecond)), p99Ms: at(loads.map((load) => load.p99Ms)) };
}

/** What waits after the load ends is drained with nothing else going on. */
async function measureDrain(server: Measured, generator: LoadGenerator, say: (line: string) => void): Promise<number> {
  await generator.run(server.port, 2 * seconds);
  const first = await server.stats();
  const startedAt = performance.now();
  let last = first;
  while (last.drained < last.journaled && performance.now() - startedAt < 120_000) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    last = await server.stats();
  }
  const rate = (last.drained - first.drained) / ((performance.now() - startedAt) / 1000);
  say(
    `drain    ${last.drained - first.drained} hits of ${last.journaled} were left after the load: ${Math.round(rate)} hits/s`,
  );
  return rate;
}

async function measureMemory(
  server: Measured,
  generator: LoadGenerator,
  say: (line: string) => void,
): Promise<{ warm: ServerStats; end: ServerStats }> {
  const warm = await server.stats();
  let end = warm;
  while (end.journaled - warm.journaled < memoryHits) {
    await generator.run(server.port, 10);
    end = await server.stats();
    say(`memory   ${end.journaled - warm.journaled} hits: ${Math.round(end.rssBytes / 2 ** 20)} MiB`);
  }
  return { warm, end };
}

function figures(
  generator: LoadGenerator['name'],
  loads: Record<Mode, Load>,
  drainedPerSecond: number,
  { warm, end }: { warm: ServerStats; end: ServerStats },
): EdgeFigures {
  const { bare, minimal, waxwing } = loads;
  return {
    generator,
    ...loads,
    ratioToMinimal: waxwing.perSecond / minimal.perSecond,
    ratioToBare: waxwing.perSecond / bare.perSecond,
    p99ToMinimal: waxwing.p99Ms / minimal.p99Ms,
    drainedPerSecond,
    rssAfterWarmUpBytes: warm.rssBytes,
    rssAfterMillionBytes: end.rssBytes,
    lost: end.lost,
  };
}

interface LoadGenerator {
  readonly name: 'wrk' | 'autocannon';
  run(port: number, forSeconds: number): Promise<Load>;
}

interface Request {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Each copy is read by somebody of its own, behind a proxy that says from where. */
function loadGenerator(folder: string, paths: readonly string[]): LoadGenerator {
  const requests = paths.map((path, n): Request => ({ path, headers: readerHeaders(n) }));
  return hasWrk() ? wrk(folder, requests) : cannon(requests);
}

const readerHeaders = (n: number): Record<string, string> => ({
  'User-Agent': `Mozilla/5.0 (X11; Linux x86_64; rv:14${n % 10}.0) Gecko/20100101 Firefox/14${n % 10}.0`,
  Accept: 'image/avif,image/webp,*/*;q=0.8',
  'Accept-Language': 'en-GB,en;q=0.5',
  'Accept-Encoding': 'gzip, deflate',
  'X-Forwarded-For': `${81 + (n >> 16)}.2.${(n >> 8) & 255}.${n & 255}`,
});

function hasWrk(): boolean {
  try {
    execFileSync('which', ['wrk'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const wrkScript = `
local requests = {}
for line in io.lines(os.getenv('REQUESTS')) do
  local path, agent, accept, language, encoding, from = line:match('([^\\t]+)\\t([^\\t]+)\\t([^\\t]+)\\t([^\\t]+)\\t([^\\t]+)\\t([^\\t]+)')
  requests[#requests + 1] = string.format(
    'GET %s HTTP/1.1\\r\\nHost: t.clinic.example\\r\\nUser-Agent: %s\\r\\nAccept: %s\\r\\nAccept-Language: %s\\r\\nAccept-Encoding: %s\\r\\nX-Forwarded-For: %s\\r\\n\\r\\n',
    path, agent, accept, language, encoding, from)
end
local at = tonumber(os.getenv('START'))
request = function()
  at = at % #requests + 1
  return requests[at]
end
done = function(summary, latency)
  io.write(string.format('RESULT %d %d %f\\n', summary.requests, summary.duration, latency:percentile(99)))
end
`;

function wrk(folder: string, requests: readonly Request[]): LoadGenerator {
  const list = join(folder, 'requests.tsv');
  const script = join(folder, 'load.lua');
  writeFileSync(list, requests.map(({ path, headers }) => [path, ...Object.values(headers)].join('\t')).join('\n'));
  writeFileSync(script, wrkScript);
  let startAt = 0;
  return {
    name: 'wrk',
    async run(port, forSeconds) {
      startAt = (startAt + 37_003) % requests.length;
      const env = { ...process.env, REQUESTS: list, START: String(startAt) };
      const options = ['-t1', `-c${connections}`, `-d${forSeconds}s`, '-s', script, `http://127.0.0.1:${port}/`];
      const result = /RESULT (\d+) (\d+) ([\d.]+)/.exec(await output('wrk', options, env));
      const [count, micros, p99Micros] = (result ?? []).slice(1).map(Number);
      if (count === undefined || micros === undefined || p99Micros === undefined) throw new Error('wrk gave no result');
      return { perSecond: count / (micros / 1e6), p99Ms: p99Micros / 1_000 };
    },
  };
}

function output(command: string, options: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, options, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    child.on('error', reject);
    child.on('close', () => resolve(text));
  });
}

const cannon = (requests: readonly Request[]): LoadGenerator => ({
  name: 'autocannon',
  async run(port, duration) {
    let next = 0;
    const setupClient = (client: autocannon.Client): void => {
      const share = Math.ceil(requests.length / connections);
      const own = requests.slice(next, next + share);
      next = (next + share) % requests.length;
      client.setRequests(own.map((request) => ({ method: 'GET', ...request })));
    };
    const result = await autocannon({ url: `http://127.0.0.1:${port}`, connections, duration, setupClient });
    return { perSecond: result.requests.average, p99Ms: result.latency.p99 };
  },
});

/** One campaign to many copies, written straight into the tables: what is measured is what comes back from it. */
async function seed(connection: pg.ClientConfig, masterKey: Buffer): Promise<string[]> {
  const client = new pg.Client(connection);
  await client.connect();
  const vault = openVault(masterKey);
  const keySealed = vault.newAccountKey();
  await client.query(`INSERT INTO accounts VALUES (gen_random_uuid(), 'Bench', $1, now())`, [keySealed]);
  await client.query(`INSERT INTO account_settings (account_id) SELECT account_id FROM accounts`);
  await client.query(`
    INSERT INTO messages (account_id, id, accepted_at, submitted_by, campaign_id, sender_id, recipient_count, size_bytes, header_sealed)
    SELECT account_id, gen_random_uuid(), now() - interval '1 hour', 'rest', 1, 2, 1000, 1000, '' FROM accounts, generate_series(1, ${copies / 1_000})`);
  await client.query(`
    INSERT INTO recipients (account_id, id, message_id, position, address_sealed, address_index, handle, tracking_level, track_opens, track_clicks)
    SELECT account_id, gen_random_uuid(), id, n, '', uuid_send(gen_random_uuid()), substr(uuid_send(gen_random_uuid()), 1, 8), 'identified', true, true
      FROM messages, generate_series(1, 1000) AS n`);
  await client.query(`
    INSERT INTO recipient_states (account_id, recipient_id, message_id, accepted_at, accepted_day, campaign_id, sender_id, domain_id,
                                  link_set_id, status, delivered_at, delivered_via)
    SELECT r.account_id, r.id, r.message_id, m.accepted_at, m.accepted_at::date, 1, 2, 3, 0, 'delivered', m.accepted_at, 'mx'
      FROM recipients r JOIN messages m ON m.id = r.message_id`);
  await client.query('ANALYZE');
  const { rows } = await client.query<{ account_id: string; message_id: string; id: string; handle: Buffer }>(
    'SELECT account_id, message_id, id, handle FROM recipients ORDER BY random()',
  );
  await client.end();
  const keys = tokenKeys(vault);
  return rows.map(({ account_id: accountId, message_id: messageId, id: recipientId, handle }) =>
    trackingUrls(keys, '', { accountId, handle, subject: { level: 'identified', messageId, recipientId } }).open(),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  console.log(JSON.stringify(await benchEdge(console.log), null, 2));
