/**
 * `npm test`: one PostgreSQL in a temporary folder, every test file of the repository in Node's own runner on it. Its
 * exit status is the runner's. Arguments narrow it down to the files given. A few files that fail beside others run once
 * more by themselves, and are named at the end: what fails then too has failed.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { startEmbeddedPostgres } from '../src/platform/embedded-postgres.ts';
import { clusterVariable } from '../test/kit/cluster.ts';

const repository = join(import.meta.dirname, '..');
const folders = ['src', 'packages', 'test', 'scripts', 'bench', 'web'];
/** Much of a test is waiting: for a browser, a process, a loop. */
const concurrency = 4;
const testTimeoutMs = 300_000;
/** Real programs and a real browser share two cores here: a few may be late once. More than these are no coincidence. */
const repeatedAtMost = 4;
/** Types are taken out and code is compiled once, not once a process: half of what a small test file costs. */
const compileCache = join(repository, 'node_modules', '.cache', 'compiled');

process.exitCode = await runTests(process.argv.slice(2));

async function runTests(given: readonly string[]): Promise<number> {
  const files = given.length > 0 ? given : eachOnce(folders.flatMap(testFiles));
  if (files.length === 0) throw new Error('there is no test file');
  const dataDir = mkdtempSync(join(tmpdir(), 'waxwing-tests-'));
  const server = await startEmbeddedPostgres({ dataDir, now: new Date(), isDurable: false });
  const failures = join(dataDir, 'failed-files');
  const run = (some: readonly string[], atOnce: number): Promise<number> =>
    runNode(some, { socketFolder: String(server.connection.host), failures, atOnce });
  try {
    const status = await run(files, concurrency);
    const failed = readFileSync(failures, 'utf8').split('\n').filter(Boolean);
    if (status === 0 || failed.length === 0 || failed.length > repeatedAtMost) return status;
    console.error(`\nOnce more, each by itself: ${failed.join(' ')}\n`);
    const again = await run(failed, 1);
    if (again === 0) console.error(`\n⚠ Passed only by themselves: ${failed.join(' ')}`);
    return again;
  } finally {
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function testFiles(folder: string): string[] {
  const path = join(repository, folder);
  try {
    return readdirSync(path, { recursive: true, withFileTypes: true })
      .filter(
        (entry) => entry.isFile() && entry.name.endsWith('.test.ts') && !entry.parentPath.includes('node_modules'),
      )
      .map((entry) => relative(repository, join(entry.parentPath, entry.name)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** A file that runs others comes first, since it takes longest, and those do not run a second time by themselves. */
function eachOnce(files: readonly string[]): string[] {
  const runBy = new Map(files.map((file) => [file, testsRunBy(file)]));
  const runElsewhere = new Set([...runBy.values()].flat());
  const length = (file: string): number => runBy.get(file)?.length ?? 0;
  return files.filter((file) => !runElsewhere.has(file)).sort((a, b) => length(b) - length(a) || (a < b ? -1 : 1));
}

function testsRunBy(file: string): string[] {
  const text = readFileSync(join(repository, file), 'utf8');
  const imports = text.matchAll(/^await import\('([^']+\.test\.ts)'\)/gm);
  return [...imports].map(([, path]) => join(dirname(file), path ?? ''));
}

interface Run {
  readonly socketFolder: string;
  /** Where the names of the files go that failed. */
  readonly failures: string;
  readonly atOnce: number;
}

function runNode(files: readonly string[], { socketFolder, failures, atOnce }: Run): Promise<number> {
  const reporters = { spec: 'stdout', './scripts/failed-files.ts': failures };
  const telling = Object.entries(reporters).flatMap(([reporter, destination]) => [
    `--test-reporter=${reporter}`,
    `--test-reporter-destination=${destination}`,
  ]);
  const child = spawn(
    process.execPath,
    ['--test', `--test-concurrency=${atOnce}`, `--test-timeout=${testTimeoutMs}`, ...telling, ...files],
    {
      cwd: repository,
      stdio: 'inherit',
      env: { ...process.env, [clusterVariable]: socketFolder, NODE_COMPILE_CACHE: compileCache },
    },
  );
  // The runner gets Ctrl-C from the terminal too; we wait for its end, so that the database goes last.
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGINT', pass);
  process.on('SIGTERM', pass);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve(status ?? 1));
  });
}
