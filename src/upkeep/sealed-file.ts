/**
 * Files of a backup: AES-256-GCM in pieces, each with its number and whether it is the last, so that none can be changed,
 * moved, repeated or left out. A file has a key of its own; nothing readable is ever written.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, type KeyObject } from 'node:crypto';
import { closeSync, createReadStream, fsyncSync, openSync, writeSync } from 'node:fs';

const pieceBytes = 256 * 1024;
const tagBytes = 16;
const lengthBytes = 4;

/** The message names the file. */
export class BackupFault extends Error {}

export interface SealedSum {
  readonly sizeBytes: number;
  /** Of the file as it lies on the disk. */
  readonly sealedSha256: string;
  /** Of what is in it. */
  readonly plainSha256: string;
}

export const fileKey = (backupKey: KeyObject, salt: Uint8Array, name: string): Buffer =>
  Buffer.from(hkdfSync('sha256', backupKey, salt, `waxwing backup ${name}`, 32));

function nonceOf(number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(number, 5, 6);
  nonce.writeUInt8(isLast ? 1 : 0, 11);
  return nonce;
}

export interface SealedWriter {
  write(chunk: Uint8Array): void;
  end(): SealedSum;
}

/** On the disk when `end` has returned. */
export function writeSealed(path: string, key: Uint8Array): SealedWriter {
  const file = openSync(path, 'wx', 0o600);
  const sums = { plain: createHash('sha256'), sealed: createHash('sha256') };
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let number = 0;
  let sizeBytes = 0;
  const put = (plain: Uint8Array, isLast: boolean): void => {
    const cipher = createCipheriv('aes-256-gcm', key, nonceOf(number, isLast));
    const sealed = Buffer.concat([
      Buffer.alloc(lengthBytes),
      cipher.update(plain),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
    sealed.writeUInt32BE(sealed.length - lengthBytes, 0);
    for (let at = 0; at < sealed.length; ) at += writeSync(file, sealed, at);
    sums.sealed.update(sealed);
    sizeBytes += sealed.length;
    number += 1;
  };
  return {
    write(chunk) {
      sums.plain.update(chunk);
      waiting.push(Buffer.from(chunk));
      waitingBytes += chunk.length;
      if (waitingBytes < pieceBytes) return;
      const whole = Buffer.concat(waiting);
      const end = whole.length - (whole.length % pieceBytes);
      for (let at = 0; at < end; at += pieceBytes) put(whole.subarray(at, at + pieceBytes), false);
      waiting = [whole.subarray(end)];
      waitingBytes = whole.length - end;
    },
    end() {
      put(Buffer.concat(waiting), true);
      fsyncSync(file);
      closeSync(file);
      return { sizeBytes, sealedSha256: sums.sealed.digest('hex'), plainSha256: sums.plain.digest('hex') };
    },
  };
}

/** Throws BackupFault at the first piece that is not what was written. */
export async function* readSealed(path: string, key: Uint8Array): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  let number = 0;
  let isOver = false;
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    for (let piece = nextPiece(rest, path); piece !== undefined; piece = nextPiece(rest, path)) {
      if (isOver) throw new BackupFault(`${path} goes on behind its end.`);
      rest = rest.subarray(lengthBytes + piece.length);
      const opened = openPiece(piece, key, number);
      if (opened === undefined)
        throw new BackupFault(`${path} was altered, or is of another backup or key (piece ${number}).`);
      isOver = opened.isLast;
      number += 1;
      yield opened.plain;
    }
  }
  if (!isOver || rest.length > 0) throw new BackupFault(`${path} is cut off.`);
}

function nextPiece(rest: Buffer, path: string): Buffer | undefined {
  if (rest.length < lengthBytes) return undefined;
  const length = rest.readUInt32BE(0);
  if (length < tagBytes || length > pieceBytes + tagBytes) throw new BackupFault(`${path} was altered.`);
  return rest.length < lengthBytes + length ? undefined : rest.subarray(lengthBytes, lengthBytes + length);
}

function openPiece(piece: Buffer, key: Uint8Array, number: number): { plain: Buffer; isLast: boolean } | undefined {
  for (const isLast of [false, true])
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(number, isLast));
      decipher.setAuthTag(piece.subarray(piece.length - tagBytes));
      const plain = decipher.update(piece.subarray(0, piece.length - tagBytes));
      decipher.final();
      return { plain, isLast };
    } catch {
      // Tried as the last one next; neither: altered.
    }
  return undefined;
}

export async function sha256OfFile(path: string): Promise<{ sizeBytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk as Buffer);
    sizeBytes += (chunk as Buffer).length;
  }
  return { sizeBytes, sha256: hash.digest('hex') };
}
