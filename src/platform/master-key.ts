/**
 * The master key: 32 random bytes in a file that only its owner may read, shared by all processes. It is made once,
 * never changed and never printed.
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
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

const keyBytes = 32;

/** The message says what is wrong with the file and what to do. */
export class KeyFileFault extends Error {}

export function openMasterKey(keyFile: string): Buffer {
  if (!existsSync(keyFile)) makeKey(keyFile);
  const found = readKey(keyFile);
  if (found === undefined) throw new KeyFileFault(`The key file ${keyFile} cannot be made.`);
  return found;
}

function readKey(keyFile: string): Buffer | undefined {
  const stat = statSync(keyFile, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0)
    throw new KeyFileFault(`Others may read the key file ${keyFile}. Run: chmod 600 ${keyFile}`);
  const key = Buffer.from(readFileSync(keyFile, 'utf8').trim(), 'base64');
  if (key.length !== keyBytes)
    throw new KeyFileFault(
      `The key file ${keyFile} does not hold a Waxwing key (${keyBytes} bytes in base64). Restore it from your backup.`,
    );
  return key;
}

/** Written whole under another name first: of several processes that do this at once, one gives the key its name. */
function makeKey(keyFile: string): void {
  mkdirSync(dirname(keyFile), { recursive: true, mode: 0o700 });
  const fresh = `${keyFile}.${randomBytes(6).toString('hex')}`;
  const file = openSync(fresh, 'wx', 0o600);
  writeSync(file, `${randomBytes(keyBytes).toString('base64')}\n`);
  fsyncSync(file);
  closeSync(file);
  chmodSync(fresh, 0o600);
  try {
    linkSync(fresh, keyFile);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(fresh, { force: true });
  }
}
