/**
 * Numbers for the values that reports group by: found or made once, then remembered in process by their blind index.
 * Called before the transaction that uses them, because a value whose making is rolled back must not be remembered.
 */
import { hash } from 'node:crypto';
import QuickLRU from 'quick-lru';
import type { Database, Tx } from '../platform/database.ts';
import { findDimensions, insertDimensions, loadDimensions, type SealedDimension } from './dimension-store.ts';
import type { AccountKeys, DimensionKind, DimensionValue } from './event.ts';

const rememberedIds = new QuickLRU<string, number>({ maxSize: 50_000 });
/** A newsletter has the same links in every message: by their hash the set is found without looking for each. */
const rememberedSetIds = new QuickLRU<string, number>({ maxSize: 5_000 });
const rememberedLinkSets = new QuickLRU<string, readonly number[]>({ maxSize: 5_000 });

/** The numbers of these values, in their order; what is new is made, in a transaction of its own. */
export async function dimensionIds(
  db: Database,
  account: AccountKeys,
  values: readonly DimensionValue[],
): Promise<number[]> {
  const wanted = values.map((value) => wantedOf(account, value));
  const known = new Map<string, number>();
  for (const { name } of wanted) {
    const id = rememberedIds.get(name);
    if (id !== undefined) known.set(name, id);
  }
  const missing = new Map(wanted.filter(({ name }) => !known.has(name)).map((one) => [one.name, one]));
  if (missing.size > 0) {
    const found = await db.asAccount(account.accountId, (tx) => findOrMake(tx, account, [...missing.values()]));
    for (const [name, id] of found) {
      known.set(name, id);
      rememberedIds.set(name, id);
    }
  }
  return wanted.map(({ name }) => present(known.get(name)));
}

/**
 * The number of a campaign; 0: none. As a department sends it, it has a number of its own: every cell of the roll-ups, each
 * state and each anonymous token holds the campaign's number, and so tells the department without a column more.
 */
export async function campaignNumber(
  db: Database,
  account: AccountKeys,
  campaign: string | null,
  departmentId: string | null,
): Promise<number> {
  const [baseId = 0] =
    campaign === null ? [] : await dimensionIds(db, account, [{ kind: 'campaign', value: campaign }]);
  if (departmentId === null) return baseId;
  const of = { departmentId, baseId };
  const [id] = await dimensionIds(db, account, [{ kind: 'campaign', value: campaign ?? '', of }]);
  return present(id);
}

/**
 * The number of a message's tracked links, in the order of their indexes; 0 when there are none. From it a hit's link
 * index leads to the link, and a report to the recipients who were sent a link.
 */
export async function linkSetId(db: Database, account: AccountKeys, urls: readonly string[]): Promise<number> {
  if (urls.length === 0) return 0;
  const name = `${account.accountId} ${hash('sha256', JSON.stringify(urls), 'base64')}`;
  const known = rememberedSetIds.get(name);
  if (known !== undefined) return known;
  const linkIds = await dimensionIds(
    db,
    account,
    urls.map((value) => ({ kind: 'link', value })),
  );
  const [id] = await dimensionIds(db, account, [{ kind: 'link-set', value: JSON.stringify(linkIds) }]);
  rememberedSetIds.set(name, present(id));
  return present(id);
}

/** The links of link sets, by link index. */
export async function loadLinkSets(
  tx: Tx,
  account: AccountKeys,
  setIds: readonly number[],
): Promise<Map<number, readonly number[]>> {
  const sets = new Map<number, readonly number[]>();
  const name = (id: number): string => `${account.accountId} ${id}`;
  for (const id of setIds) {
    const links = id === 0 ? [] : rememberedLinkSets.get(name(id));
    if (links !== undefined) sets.set(id, links);
  }
  const missing = [...new Set(setIds)].filter((id) => !sets.has(id));
  if (missing.length === 0) return sets;
  for (const { id, sealed } of await loadDimensions(tx, account.accountId, missing)) {
    const links = linksOf(account.vault.open('dimension.value', sealed));
    sets.set(id, links);
    rememberedLinkSets.set(name(id), links);
  }
  return sets;
}

export const linksOf = (linkSet: Uint8Array): number[] => JSON.parse(Buffer.from(linkSet).toString()) as number[];

interface Wanted extends DimensionValue {
  readonly name: string;
  readonly index: Buffer;
}

function wantedOf({ accountId, vault }: AccountKeys, one: DimensionValue): Wanted {
  const { kind, value, of } = one;
  const index =
    of === undefined
      ? dimensionIndex(vault, kind, value)
      : vault.index('dimension.department-campaign', `${of.departmentId} ${value}`);
  return { ...one, index, name: nameOf(accountId, kind, index) };
}

/** The blind index under which a value is found again. */
export const dimensionIndex = (vault: AccountKeys['vault'], kind: DimensionKind, value: string): Buffer =>
  vault.index(`dimension.${kind}`, value);

const nameOf = (accountId: string, kind: DimensionKind, index: Buffer): string =>
  `${accountId} ${kind} ${index.toString('base64')}`;

async function findOrMake(tx: Tx, { accountId, vault }: AccountKeys, wanted: readonly Wanted[]) {
  const found = await find(tx, accountId, wanted);
  const missing = wanted.filter(({ name }) => !found.has(name));
  if (missing.length === 0) return found;
  const sealed = missing.map(({ kind, index, value, of }) => ({
    kind,
    index,
    sealed: vault.seal('dimension.value', value),
    ...(of === undefined ? {} : { of }),
  }));
  await insertDimensions(tx, accountId, sealed);
  // Another process may have made it first: what is there now counts, whoever made it.
  return new Map([...found, ...(await find(tx, accountId, missing))]);
}

async function find(tx: Tx, accountId: string, wanted: readonly Pick<SealedDimension, 'kind' | 'index'>[]) {
  const rows = await findDimensions(tx, accountId, wanted);
  return new Map(rows.map(({ id, kind, index }) => [nameOf(accountId, kind, index), id]));
}

function present(id: number | undefined): number {
  if (id === undefined) throw new Error('a dimension that was just made is not there');
  return id;
}
