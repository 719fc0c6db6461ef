/** Compares secrets in a time that tells nothing of where they differ, nor of how long they are. */
import { createHash, timingSafeEqual } from 'node:crypto';

const digest = (value: string | Uint8Array): Buffer => createHash('sha256').update(value).digest();

export const areEqual = (one: string | Uint8Array, other: string | Uint8Array): boolean =>
  timingSafeEqual(digest(one), digest(other));

export const hashOf = (value: string | Uint8Array): string => digest(value).toString('hex');
