/**
 * The master key: a file that only its owner may read, shared by all processes. Its first line is made once and never
 * changed; a rotation adds a line. Each line is 32 random bytes, as they are or wrapped by a keeper. It prints none.
 */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { fileKeys, type KeyProvider } from './key-provider.ts';
import type { Running } from './world.ts';

const keyBytes = 32;
const mostLines = 64;

/** The message says what is wrong with the file and what to do. */
export class KeyFileFault extends Error {}

/**
 * The file's keys one behind the other and room for more. The memory is shared with the threads it is handed to, so that
 * a key added later reaches them too.
 */
export async function openMasterKey(keyFile: string, provider: KeyProvider = fileKeys): Promise<Uint8Array> {
  if (!existsSync(keyFile)) await makeKeyFile(keyFile, provider);
  const shared = new Uint8Array(new SharedArrayBuffer(keyBytes * mostLines));
  await fill(shared, keyFile, provider);
  return shared;
}

async function fill(shared: Uint8Array, keyFile: string, provider: KeyProvider): Promise<void> {
  const lines = readLines(keyFile);
  for (const [index, line] of lines.entries()) {
    const place = shared.subarray(index * keyBytes, (index + 1) * keyBytes);
    if (place.some((byte) => byte !== 0)) continue;
    place.set(await keyOfLine(line, keyFile, provider));
  }
}

function readLines(keyFile: string): string[] {
  const stat = statSync(keyFile, { throwIfNoEntry: false });
  if (stat === undefined) throw new KeyFileFault(`The key file ${keyFile} cannot be made.`);
  if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0)
    throw new KeyFileFault(`Others may read the key file ${keyFile}. Run: chmod 600 ${keyFile}`);
  const lines = readFileSync(keyFile, 'utf8').trim().split('\n');
  if (lines.length > mostLines) throw notAKey(keyFile);
  return lines.map((line) => line.trim());
}

const notAKey = (keyFile: string): KeyFileFault =>
  new KeyFileFault(
    `The key file ${keyFile} does not hold a Waxwing key (${keyBytes} bytes in base64). Restore it from your backup.`,
  );

/** A wrapped line names its keeper first. */
async function keyOfLine(line: string, keyFile: string, provider: KeyProvider): Promise<Uint8Array> {
  const [, keeper = 'file', text = ''] = /^(?:(aws-kms|vault-transit) )?(\S+)$/.exec(line) ?? [];
  if (keeper !== provider.name) throw new KeyFileFault(otherKeeper(keyFile, keeper, provider.name));
  const key = await provider.unwrap(text);
  if (key.length !== keyBytes || key.every((byte) => byte === 0)) throw notAKey(keyFile);
  return key;
}

const otherKeeper = (keyFile: string, found: string, wanted: string): string =>
  found === 'file'
    ? `The key file ${keyFile} is not wrapped by ${wanted}, which WAXWING_KEY_PROVIDER names. Wrap it: waxwing keys wrap`
    : `The key file ${keyFile} is wrapped by ${found}. Set WAXWING_KEY_PROVIDER=${found} and its settings (docs/keys.md).`;

async function newLine(provider: KeyProvider, key: Uint8Array = randomBytes(keyBytes)): Promise<string> {
  const text = await provider.wrap(key);
  return provider.name === 'file' ? text : `${provider.name} ${text}`;
}

/** Written whole under another name first: of several processes that do this at once, one gives the key its name. */
async function makeKeyFile(keyFile: string, provider: KeyProvider): Promise<void> {
  const fresh = writeBeside(keyFile, [await newLine(provider)]);
  try {
    linkSync(fresh, keyFile);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(fresh, { force: true });
  }
}

function writeBeside(keyFile: string, lines: readonly string[]): string {
  mkdirSync(dirname(keyFile), { recursive: true, mode: 0o700 });
  const fresh = `${keyFile}.${randomBytes(6).toString('hex')}`;
  const file = openSync(fresh, 'wx', 0o600);
  writeSync(file, `${lines.join('\n')}\n`);
  fsyncSync(file);
  closeSync(file);
  chmodSync(fresh, 0o600);
  return fresh;
}

/** A new line at the end, which wraps accounts' keys from now on. Gives its number. */
export async function addMasterKey(keyFile: string, provider: KeyProvider): Promise<number> {
  const lines = readLines(keyFile);
  if (lines.length >= mostLines)
    throw new KeyFileFault(`The key file ${keyFile} has ${mostLines} lines, the most it can.`);
  await keyOfLine(lines[0] ?? '', keyFile, provider);
  renameSync(writeBeside(keyFile, [...lines, await newLine(provider)]), keyFile);
  return lines.length + 1;
}

/** The same keys in the care of another keeper. */
export async function rewriteKeyFile(keyFile: string, from: KeyProvider, to: KeyProvider): Promise<number> {
  const keys = await Promise.all(readLines(keyFile).map((line) => keyOfLine(line, keyFile, from)));
  const lines: string[] = [];
  for (const key of keys) {
    const line = await newLine(to, key);
    if (!Buffer.from(await keyOfLine(line, keyFile, to)).equals(key)) throw notAKey(keyFile);
    lines.push(line);
  }
  renameSync(writeBeside(keyFile, lines), keyFile);
  return lines.length;
}

const lookEveryMs = 1_000;

/** Takes in lines that are added while the program runs. */
export function followMasterKey(
  shared: Uint8Array,
  keyFile: string,
  provider: KeyProvider,
  onFault: (error: unknown) => void,
): Running {
  const seen = (): number | undefined => statSync(keyFile, { throwIfNoEntry: false })?.mtimeMs;
  let last = seen();
  let filling: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    const changed = seen();
    if (changed === undefined || changed === last) return;
    last = changed;
    filling = fill(shared, keyFile, provider).catch(onFault);
  }, lookEveryMs).unref();
  return {
    close() {
      clearInterval(timer);
      return filling;
    },
  };
}
