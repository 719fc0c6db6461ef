/**
 * `npm test`: one PostgreSQL in a temporary folder, every test file of the repository in Node's own runner on it. Its
 * exit status is the runner's. Arguments narrow it down to the files given.
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
const concurrency = 3;
const testTimeoutMs = 300_000;
/** Types are taken out and code is compiled once, not once a process: half of what a small test file costs. */
const compileCache = join(repository, 'node_modules', '.cache', 'compiled');

process.exitCode = await runTests(process.argv.slice(2));

async function runTests(given: readonly string[]): Promise<number> {
  const files = given.length > 0 ? given : eachOnce(folders.flatMap(testFiles));
  if (files.length === 0) throw new Error('there is no test file');
  const dataDir = mkdtempSync(join(tmpdir(), 'waxwing-tests-'));
  const server = await startEmbeddedPostgres({ dataDir, now: new Date(), isDurable: false });
  try {
    return await runNode(files, String(server.connection.host));
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

function runNode(files: readonly string[], socketFolder: string): Promise<number> {
  const child = spawn(
    process.execPath,
    ['--test', `--test-concurrency=${concurrency}`, `--test-timeout=${testTimeoutMs}`, ...files],
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
