/** Finds what a filter means, a page at a time: by an index where the filter pins something down, else by looking at all. */

import { ScimFault } from '../core/provisioning/fault.ts';
import { type Filter, matches, type Pin, pinsOf, readFilter } from '../core/provisioning/filter.ts';
import { type Json, project, type Shown } from '../core/provisioning/read-resource.ts';
import type { Resource, ResourceKind } from '../core/provisioning/schema.ts';

export const listSchema = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';
export const searchSchema = 'urn:ietf:params:scim:api:messages:2.0:SearchRequest';
export const maxPage = 200;
const usualPage = 100;
/** A filter without an index opens so many resources at most. */
const maxLookedAt = 10_000;
const lookedAtOnce = 500;

export interface ListWish extends Shown {
  readonly filter?: string | undefined;
  readonly startIndex?: string | number | undefined;
  readonly count?: string | number | undefined;
}

export interface Range {
  readonly limit: number;
  readonly offset: number;
}

/** What a kind of resource can tell of itself. */
export interface Shelf {
  readonly kind: ResourceKind;
  count(): Promise<number>;
  /** Of these ids, or of all, in an order that stays. */
  read(range: Range, filter: Filter | undefined, ids?: readonly string[]): Promise<Resource[]>;
  /** Undefined: no index answers this. */
  find(pin: Pin): Promise<string[]> | undefined;
}

export async function listResources(shelf: Shelf, wish: ListWish): Promise<Json> {
  const offset = Math.max(1, wholeOf(wish.startIndex) ?? 1) - 1;
  const limit = Math.min(maxPage, Math.max(0, wholeOf(wish.count) ?? usualPage));
  const filter = wish.filter === undefined ? undefined : readFilter(wish.filter, shelf.kind);
  const { total, page } = await (filter === undefined
    ? readPage(shelf, { limit, offset })
    : readMatching(shelf, filter, { limit, offset }));
  return {
    schemas: [listSchema],
    totalResults: total,
    startIndex: offset + 1,
    itemsPerPage: page.length,
    Resources: page.map((one) => project(shelf.kind, one, wish)),
  };
}

function wholeOf(given: string | number | undefined): number | undefined {
  if (given === undefined) return undefined;
  const number = Number(given);
  if (!Number.isSafeInteger(number)) throw new ScimFault('invalidValue', 'startIndex', 'and count are whole numbers');
  return number;
}

interface Matching {
  readonly total: number;
  readonly page: readonly Resource[];
}

async function readPage(shelf: Shelf, range: Range): Promise<Matching> {
  const total = await shelf.count();
  return { total, page: range.limit === 0 ? [] : await shelf.read(range, undefined) };
}

async function readMatching(shelf: Shelf, filter: Filter, { limit, offset }: Range): Promise<Matching> {
  const page: Resource[] = [];
  let total = 0;
  for await (const some of candidatesFor(shelf, filter))
    for (const one of some) {
      if (!matches(filter, one)) continue;
      if (total >= offset && page.length < limit) page.push(one);
      total += 1;
    }
  return { total, page };
}

async function* candidatesFor(shelf: Shelf, filter: Filter): AsyncGenerator<readonly Resource[]> {
  const pinned = await Promise.all(pinsOf(filter).flatMap((pin) => shelf.find(pin) ?? []));
  const [ids] = pinned.sort((a, b) => a.length - b.length);
  if (ids === undefined && (await shelf.count()) > maxLookedAt)
    throw new ScimFault('tooMany', 'filter', 'names userName, externalId, emails or id in so large an account');
  for (let offset = 0; ; offset += lookedAtOnce) {
    const some = await shelf.read({ limit: lookedAtOnce, offset }, filter, ids);
    yield some;
    if (some.length < lookedAtOnce) return;
  }
}
