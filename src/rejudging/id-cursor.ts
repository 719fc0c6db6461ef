/** Where the next page of a list begins: the id of the last row, as an opaque word. The account's fence is the guard. */
import { parse, stringify } from 'uuid';
import { Problem } from '../contract/problem.ts';

export const writeIdCursor = (last: { readonly id: string } | undefined): string | null =>
  last === undefined ? null : Buffer.from(parse(last.id)).toString('base64url');

export function readIdCursor(cursor: string | undefined): string | null {
  if (cursor === undefined) return null;
  try {
    const bytes = Buffer.from(cursor, 'base64url');
    if (bytes.length !== 16) throw new TypeError('not an id');
    return stringify(bytes);
  } catch {
    throw new Problem('request.bad_cursor');
  }
}
