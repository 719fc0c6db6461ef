/**
 * The master key: a file that only its owner may read, shared by all processes. A rotation adds a line; lines that
 * nothing is under any more may go, and of the first stays what was derived from it, sealed under the last. Each line is
 * 32 random bytes, as they are or wrapped by a keeper. It prints none.
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
import { dirname, join } from 'node:path';
import { WrongKey } from './installation.ts';
import { keepKey, keepsAny, keptUses, lineBytes, masterKeyBytes, mostLines, restUse } from './kept-keys.ts';
import { fileKeys, type KeyProvider } from './key-provider.ts';
import { deriveFromLine, keptSealer, SealBroken } from './vault.ts';
import type { Running } from './world.ts';

const keyBytes = lineBytes;

/** The message says what is wrong with the file and what to do. */
export class KeyFileFault extends Error {}

/**
 * The file's keys one behind the other and room for more. The memory is shared with the threads it is handed to, so that
 * a key added later reaches them too.
 */
export async function openMasterKey(keyFile: string, provider: KeyProvider = fileKeys): Promise<Uint8Array> {
  if (!existsSync(keyFile)) await makeKeyFile(keyFile, provider);
  const shared = new Uint8Array(new SharedArrayBuffer(masterKeyBytes));
  await fill(shared, keyFile, provider);
  return shared;
}

/**
 * Whether a key file will have to be made. Never where there are data already: a new key opens none of them, and it would lie
 * where the copy of the right one belongs.
 */
export function needsNewKey(keyFile: string, dataDir: string): boolean {
  if (existsSync(keyFile)) return false;
  if (['postgres', 'journal'].some((folder) => existsSync(join(dataDir, folder)))) throw goneKey(keyFile, dataDir);
  return true;
}

/** The same, where only the database can tell that there are data: the file that was just made goes again. */
export async function takeNewKeyBack(isNew: boolean, keyFile: string, prepare: () => Promise<void>): Promise<void> {
  try {
    await prepare();
  } catch (error) {
    if (!isNew || !(error instanceof WrongKey)) throw error;
    rmSync(keyFile, { force: true });
    throw goneKey(keyFile, 'the database');
  }
}

const goneKey = (keyFile: string, holder: string): KeyFileFault =>
  new KeyFileFault(
    `There is no key file ${keyFile}, and ${holder} holds data that cannot be read without it. ` +
      'Put your copy of the key file there, or point WAXWING_KEY_FILE at it.',
  );

async function fill(shared: Uint8Array, keyFile: string, provider: KeyProvider): Promise<void> {
  const lines = readLines(keyFile);
  for (const [index, line] of lines.entries()) {
    const place = placeOf(shared, index + 1);
    if (isGone(line) || place.some((byte) => byte !== 0)) continue;
    place.set(await keyOfLine(line, keyFile, provider));
  }
  const kept = readKept(lines[0]);
  if (kept === undefined || keepsAny(shared)) return;
  // The first key that stands there is what tells readers that the rest does.
  for (const [use, key] of openKept(kept, shared, keyFile)) keepKey(shared, use, key);
}

const placeOf = (shared: Uint8Array, number: number): Uint8Array =>
  shared.subarray((number - 1) * keyBytes, number * keyBytes);

const gone = 'gone';
const isGone = (line: string): boolean => line === gone || readKept(line) !== undefined;

interface Kept {
  /** Of the line that it is sealed under. */
  readonly number: number;
  readonly sealed: Buffer;
}

function readKept(line = ''): Kept | undefined {
  const [, number, text] = /^kept (\d{1,2}) (\S+)$/.exec(line) ?? [];
  return number === undefined || text === undefined
    ? undefined
    : { number: Number(number), sealed: Buffer.from(text, 'base64') };
}

function openKept({ number, sealed }: Kept, shared: Uint8Array, keyFile: string): [string, Buffer][] {
  try {
    const text = keptSealer(placeOf(shared, number)).open('master.kept', sealed).toString();
    return Object.entries(JSON.parse(text) as Record<string, string>).map(([use, key]) => [
      use,
      Buffer.from(key, 'base64'),
    ]);
  } catch (error) {
    if (error instanceof SealBroken) throw notAKey(keyFile);
    throw error;
  }
}

function sealKept(keys: readonly (readonly [string, Buffer])[], number: number, line: Uint8Array): string {
  const text = JSON.stringify(Object.fromEntries(keys.map(([use, key]) => [use, key.toString('base64')])));
  return `kept ${number} ${keptSealer(line).seal('master.kept', text).toString('base64')}`;
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
  const shared = await openMasterKey(keyFile, provider);
  const number = lines.length + 1;
  const key = randomBytes(keyBytes);
  const kept = readKept(lines[0]);
  const [first = '', ...others] = lines;
  const firstAnew = kept === undefined ? first : sealKept(openKept(kept, shared, keyFile), number, key);
  renameSync(writeBeside(keyFile, [firstAnew, ...others, await newLine(provider, key)]), keyFile);
  return number;
}

/**
 * Takes all lines but the last out of the file, when nothing in the database is under them any more. What was derived
 * from the first is kept, sealed under the last. Gives how many went.
 */
export async function dropOlderLines(keyFile: string, provider: KeyProvider): Promise<number> {
  const lines = readLines(keyFile);
  const [first = '', ...others] = lines;
  const last = others.pop();
  if (last === undefined)
    throw new KeyFileFault(`The key file ${keyFile} has one line. Add one: waxwing keys rotate-master`);
  const shared = await openMasterKey(keyFile, provider);
  const kept = readKept(first);
  const keys = kept === undefined ? keptOf(placeOf(shared, 1)) : openKept(kept, shared, keyFile);
  const left = [sealKept(keys, lines.length, placeOf(shared, lines.length)), ...others.map(() => gone), last];
  const fresh = writeBeside(keyFile, left);
  await fill(new Uint8Array(masterKeyBytes), fresh, provider); // what cannot be read again must not take its place
  renameSync(fresh, keyFile);
  return lines.filter((line) => !isGone(line)).length - 1;
}

const keptOf = (line: Uint8Array): [string, Buffer][] => [
  [restUse, randomBytes(keyBytes)],
  ...keptUses.map((use): [string, Buffer] => [use, deriveFromLine(line, use)]),
];

/** The same keys in the care of another keeper. */
export async function rewriteKeyFile(keyFile: string, from: KeyProvider, to: KeyProvider): Promise<number> {
  const lines: string[] = [];
  for (const known of readLines(keyFile)) {
    if (isGone(known)) {
      lines.push(known); // what is kept is sealed under the last line, whoever keeps that
      continue;
    }
    const key = await keyOfLine(known, keyFile, from);
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
