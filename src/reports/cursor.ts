/**
 * Where the next page of a list begins, as an opaque word: a place in time and an id, bound by a MAC to the account and
 * the list it was given for. A cursor of another list, or one made up, is refused.
 */
import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import { parse as uuidBytes, stringify as uuidText } from 'uuid';
import { Problem } from '../contract/problem.ts';
import type { Vault } from '../platform/vault.ts';

export interface Place {
  readonly at: Date;
  readonly id: string;
}

export interface Cursors {
  write(place: Place): string;
  /** Undefined for the first page. */
  read(cursor: string | undefined): Place | undefined;
}

const timeBytes = 8;
const idBytes = 16;
const macBytes = 12;
const placeBytes = timeBytes + idBytes;

/** `list` names the list and what it was asked about. */
export function cursorsOf(vault: Pick<Vault, 'derive'>, accountId: string, list: string): Cursors {
  const key = vault.derive('reports.cursor');
  const macOf = (place: Uint8Array): Buffer => mac(key, `${accountId}\0${list}\0`, place);
  return {
    write({ at, id }) {
      const place = Buffer.alloc(placeBytes);
      place.writeBigUInt64BE(BigInt(at.getTime()));
      place.set(uuidBytes(id), timeBytes);
      return Buffer.concat([place, macOf(place)]).toString('base64url');
    },
    read(cursor) {
      if (cursor === undefined) return undefined;
      const bytes = Buffer.from(cursor, 'base64url');
      const place = bytes.subarray(0, placeBytes);
      const isOurs =
        bytes.length === placeBytes + macBytes && timingSafeEqual(bytes.subarray(placeBytes), macOf(place));
      if (!isOurs) throw new Problem('request.bad_cursor');
      return { at: new Date(Number(place.readBigUInt64BE())), id: uuidText(place.subarray(timeBytes)) };
    },
  };
}

const mac = (key: KeyObject, scope: string, place: Uint8Array): Buffer =>
  createHmac('sha256', key).update(scope).update(place).digest().subarray(0, macBytes);

export interface Page<T> {
  readonly shown: readonly T[];
  readonly next: string | null;
}

/** Of rows asked for with one more than the page holds: the page, and the cursor behind its last row if more follow. */
export function pageOf<T>(rows: readonly T[], limit: number, cursors: Cursors, placeOf: (row: T) => Place): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { shown, next: rows.length > limit && last !== undefined ? cursors.write(placeOf(last)) : null };
}
