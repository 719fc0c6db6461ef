// Installs what is missing and, with --web, builds the console when its sources changed. Runs on Node 20 without any
// package, writes to standard error only, and lets one process at a time work.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const repository = fileURLToPath(new URL('..', import.meta.url));
const modules = join(repository, 'node_modules');
const stateFolder = join(repository, '.cache');
const lockFolder = join(stateFolder, 'prepare.lock');

/** The Node that package.json pins, which came with the packages. */
export const ownNode = () => join(modules, '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');

/** @param {{ web: boolean }} wanted */
export async function prepare(wanted) {
  if (isInstalled() && (!wanted.web || isBuilt())) return;
  await alone(async () => {
    if (!isInstalled()) await install();
    if (wanted.web && !isBuilt()) await build();
  });
}

const installStamp = () => join(modules, '.waxwing-installed');
const lockHash = () => hashOf([join(repository, 'package-lock.json')]);
const isInstalled = () => existsSync(ownNode()) && readOr(installStamp()) === lockHash();

async function install() {
  if (existsSync(ownNode()) && !existsSync(installStamp()) && matchesLockfile()) {
    writeFileSync(installStamp(), lockHash()); // somebody ran npm by hand
    return;
  }
  say('Installing packages (once; about a minute) …');
  // Not `npm ci`: it refuses a lockfile that lacks an optional package of some other platform, and lockfiles written
  // where such a package cannot be had lack it. This takes the lockfile's versions and hashes, and leaves it alone.
  await run([...npmCommand(), 'install', '--no-save', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(installStamp(), lockHash());
}

/** npm writes down what it installed; every package of the lockfile must be there in that version. */
function matchesLockfile() {
  try {
    const wanted = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')).packages;
    const found = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8')).packages;
    return Object.entries(wanted).every(
      ([name, entry]) =>
        !name.startsWith('node_modules/') || entry.optional || entry.link || found[name]?.version === entry.version,
    );
  } catch {
    return false;
  }
}

const webFolder = join(repository, 'web');
const buildStamp = join(webFolder, 'dist', '.waxwing-built');
const isBuilt = () => !existsSync(join(webFolder, 'index.html')) || readOr(buildStamp) === webHash();

/** The console's own files, the contract that it speaks, and the packages it is made of. */
function webHash() {
  const sources = [...filesIn(webFolder), ...filesIn(join(repository, 'src', 'contract'))].filter(
    (file) => !file.startsWith(join(webFolder, 'dist')) && !/\.test\.tsx?$/.test(file),
  );
  return hashOf([...sources, join(repository, 'package-lock.json')]);
}

async function build() {
  say('Building the console …');
  const vite = join(modules, 'vite', 'bin', 'vite.js');
  const hash = webHash();
  await run([ownNode(), vite, 'build', 'web', '--logLevel', 'warn']);
  writeFileSync(buildStamp, hash);
}

const filesIn = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' || entry.name === 'dist' ? [] : filesIn(path);
    return entry.isFile() ? [path] : [];
  });

function hashOf(files) {
  const hash = createHash('sha256');
  for (const file of files.sort())
    hash
      .update(`${relative(repository, file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  return hash.digest('hex');
}

function readOr(file) {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** A folder is made by one process only. One that died leaves it behind, with its process id to ask for. */
async function alone(work) {
  mkdirSync(stateFolder, { recursive: true });
  let hasWaited = false;
  while (!takeLock()) {
    if (!hasWaited) say('Another process is preparing the installation; waiting …');
    hasWaited = true;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  try {
    await work();
  } finally {
    rmSync(lockFolder, { recursive: true, force: true });
  }
}

function takeLock() {
  try {
    mkdirSync(lockFolder);
    writeFileSync(join(lockFolder, 'pid'), String(process.pid));
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (!isAlive(Number(readOr(join(lockFolder, 'pid')) ?? 0))) rmSync(lockFolder, { recursive: true, force: true });
    return false;
  }
}

function isAlive(pid) {
  const ageMs = Date.now() - (statSync(lockFolder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  if (pid === 0) return ageMs < 5_000; // it has not written its number yet
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** npm tells its scripts where it is; from elsewhere it is beside this Node, or on the PATH. */
function npmCommand() {
  if (process.env.npm_execpath?.endsWith('npm-cli.js')) return [process.execPath, process.env.npm_execpath];
  const beside = join(dirname(process.execPath), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js');
  if (existsSync(beside)) return [process.execPath, beside];
  return process.platform === 'win32' ? ['npm.cmd'] : ['npm'];
}

/** What it prints goes to our standard error: a command's standard output may be data. */
function run(command) {
  const [program, ...args] = command;
  const child = spawn(program, args, { cwd: repository, stdio: ['ignore', 2, 2] });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      if (status === 0) resolve(undefined);
      else reject(new Error(`${command.join(' ')} ended with status ${status}`));
    });
  });
}

const say = (text) => process.stderr.write(`${text}\n`);

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  prepare({ web: process.argv.includes('--web') }).catch((error) => {
    say(error.message);
    process.exitCode = 1;
  });
