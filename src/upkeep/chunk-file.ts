/**
 * A table's rows in chunks, so that a later backup need not store again what is the same. Chunks end where the content of
 * a row says so: a row that comes or goes changes the chunk that it is in, and no other. Nothing readable is written.
 */
import { createCipheriv, createDecipheriv, createHash, createHmac, type KeyObject } from 'node:crypto';
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { BackupFault } from './sealed-file.ts';

const leastBytes = 32 * 1024;
const usualBytes = 128 * 1024;
const mostBytes = 1024 * 1024;
const tagBytes = 16;
const numbers = 2 ** 32;

/** Where a chunk lies: in which backup of the chain, the first being 0, and where in that one's file of the table. */
export interface ChunkPlace {
  readonly link: number;
  readonly number: number;
  readonly offset: number;
  readonly sizeBytes: number;
  /** A keyed hash of what is in it. */
  readonly id: string;
}

export interface RowCutter {
  row(bytes: Uint8Array): void;
  end(): void;
}

/** PostgreSQL sends one row a message (protocol, "COPY Operations"); a long row is likelier to end a chunk than a short one. */
export function cutRows(onChunk: (plain: Buffer) => void): RowCutter {
  let rows: Buffer[] = [];
  let sizeBytes = 0;
  const cut = (): void => {
    onChunk(Buffer.concat(rows, sizeBytes));
    rows = [];
    sizeBytes = 0;
  };
  return {
    row(bytes) {
      rows.push(Buffer.from(bytes));
      sizeBytes += bytes.length;
      const isEnd = crc32(bytes) < (bytes.length / usualBytes) * numbers;
      if ((isEnd && sizeBytes >= leastBytes) || sizeBytes >= mostBytes) cut();
    },
    end() {
      if (sizeBytes > 0) cut();
    },
  };
}

/** The same content has the same id in every backup of an installation; without its key nobody can guess content from it. */
export const chunkId = (key: KeyObject, plain: Uint8Array): string =>
  createHmac('sha256', key).update('waxwing backup chunk 1\n').update(plain).digest('base64url');

function nonceOf(number: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(number, 6, 6);
  return nonce;
}

export interface ChunkWriter {
  put(plain: Uint8Array, id: string): Omit<ChunkPlace, 'link'>;
  end(): { readonly sizeBytes: number; readonly sealedSha256: string };
}

/** On the disk when `end` has returned. The key is this file's alone. */
export function writeChunks(path: string, key: Uint8Array): ChunkWriter {
  const file = openSync(path, 'wx', 0o600);
  const hash = createHash('sha256');
  let number = 0;
  let offset = 0;
  return {
    put(plain, id) {
      const cipher = createCipheriv('aes-256-gcm', key, nonceOf(number)).setAAD(Buffer.from(id));
      const sealed = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
      for (let at = 0; at < sealed.length; ) at += writeSync(file, sealed, at);
      hash.update(sealed);
      const place = { number, offset, sizeBytes: sealed.length, id };
      number += 1;
      offset += sealed.length;
      return place;
    },
    end() {
      fsyncSync(file);
      closeSync(file);
      return { sizeBytes: offset, sealedSha256: hash.digest('hex') };
    },
  };
}

export interface ChunkSource {
  readonly path: string;
  readonly key: Uint8Array;
}

/** The chunks of a table in their order. Throws BackupFault at the first that is not what was written. */
export async function* readChunks(
  places: readonly ChunkPlace[],
  sourceOf: (link: number) => ChunkSource,
): AsyncGenerator<Buffer> {
  const files = new Map<number, { handle: FileHandle; source: ChunkSource }>();
  try {
    for (const place of places) {
      const source = sourceOf(place.link);
      const file = files.get(place.link) ?? { handle: await open(source.path, 'r'), source };
      files.set(place.link, file);
      yield await readChunk(file.handle, source, place);
    }
  } finally {
    for (const { handle } of files.values()) await handle.close();
  }
}

async function readChunk(handle: FileHandle, { path, key }: ChunkSource, place: ChunkPlace): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(place.sizeBytes), 0, place.sizeBytes, place.offset);
  if (bytesRead !== place.sizeBytes || bytesRead < tagBytes) throw new BackupFault(`${path} is cut off.`);
  const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(place.number));
  decipher.setAAD(Buffer.from(place.id)).setAuthTag(buffer.subarray(bytesRead - tagBytes));
  try {
    return Buffer.concat([decipher.update(buffer.subarray(0, bytesRead - tagBytes)), decipher.final()]);
  } catch {
    throw new BackupFault(`${path} was altered, or is of another backup or key (chunk ${place.number}).`);
  }
}
