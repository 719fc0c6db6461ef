/**
 * The bytes of a journal segment: frames, each a group of hits sealed together. It finds frames in bytes that may be cut
 * or altered anywhere, and never takes damage for a frame: a header has its own check, a body is authenticated.
 *
 *   'WXJ1' │ body length 4 │ hits 4 │ CRC-32 of the twelve bytes before 4 │ sealed body
 */
import { crc32 } from 'node:zlib';
import type { Sealer } from '../platform/vault.ts';

const magic = Buffer.from('WXJ1');
export const headerBytes = 16;
export const maxFrameHits = 1_000;
/** A writer closes a frame before it grows beyond this; a reader believes no header that says more. */
export const maxBodyBytes = 1 << 20;

export function sealFrame(sealer: Sealer, hitTexts: readonly string[]): Buffer {
  const body = sealer.seal('journal.frame', `[${hitTexts.join(',')}]`);
  const header = Buffer.allocUnsafe(headerBytes);
  magic.copy(header);
  header.writeUInt32BE(body.length, 4);
  header.writeUInt32BE(hitTexts.length, 8);
  header.writeUInt32BE(crc32(header.subarray(0, 12)), 12);
  return Buffer.concat([header, body]);
}

export type FrameReading =
  | { readonly kind: 'frame'; readonly hits: number; readonly text: string; readonly nextAt: number }
  /** Bytes that are no frame, up to the next header or the end of what is there. */
  | { readonly kind: 'damaged'; readonly hits: number; readonly nextAt: number }
  /** Perhaps still being written. */
  | { readonly kind: 'incomplete' };

/** Reads what stands at a place. An end of the bytes inside a frame is `incomplete`; the caller knows if more can come. */
export function readFrame(sealer: Sealer, bytes: Buffer, at: number): FrameReading {
  const header = headerAt(bytes, at);
  if (header.kind === 'short') return { kind: 'incomplete' };
  const endAt = header.kind === 'header' ? at + headerBytes + header.bodyBytes : Number.POSITIVE_INFINITY;
  const text = endAt <= bytes.length ? openBody(sealer, bytes.subarray(at + headerBytes, endAt)) : undefined;
  const hits = header.kind === 'header' ? header.hits : 0;
  if (text !== undefined) return { kind: 'frame', hits, text, nextAt: endAt };
  const nextAt = nextHeader(bytes, at + 1);
  if (nextAt !== undefined) return { kind: 'damaged', hits, nextAt };
  return endAt <= bytes.length ? { kind: 'damaged', hits, nextAt: endAt } : { kind: 'incomplete' };
}

type HeaderReading = { kind: 'header'; bodyBytes: number; hits: number } | { kind: 'short' } | { kind: 'none' };

function headerAt(bytes: Buffer, at: number): HeaderReading {
  if (at + headerBytes > bytes.length) return { kind: 'short' };
  const bodyBytes = bytes.readUInt32BE(at + 4);
  const isHeader =
    magic.compare(bytes, at, at + 4) === 0 &&
    bytes.readUInt32BE(at + 12) === crc32(bytes.subarray(at, at + 12)) &&
    bodyBytes <= maxBodyBytes;
  return isHeader ? { kind: 'header', bodyBytes, hits: bytes.readUInt32BE(at + 8) } : { kind: 'none' };
}

function nextHeader(bytes: Buffer, from: number): number | undefined {
  for (let at = bytes.indexOf(magic, from); at !== -1; at = bytes.indexOf(magic, at + 1))
    if (headerAt(bytes, at).kind === 'header') return at;
  return undefined;
}

function openBody(sealer: Sealer, body: Buffer): string | undefined {
  try {
    return sealer.open('journal.frame', body).toString('utf8');
  } catch {
    return undefined;
  }
}
