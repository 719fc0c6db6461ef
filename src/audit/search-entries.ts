/**
 * Finds entries for whoever may read the log, with names for whoever may see people. The search is an entry itself: a
 * cursor comes only from a first page, which was noted, and holds for the same reader and the same filters alone.
 */
import { timingSafeEqual } from 'node:crypto';
import { Readable } from 'node:stream';
import type { AuditEntryAnswer, AuditFilters } from '../contract/audit.ts';
import { Problem } from '../contract/problem.ts';
import { canonicalJson } from '../core/sending/canonical-json.ts';
import { firstIdAt, timeOfId } from '../platform/ids.ts';
import type { Caller } from '../platform/route.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import type { Directory } from './directory.ts';
import { rangeOf } from './range.ts';
import { record } from './record.ts';
import { openAddress } from './sealed-address.ts';
import { type FoundEntry, listActions, searchEntries } from './search-store.ts';
import type { Conditions } from './search-ways.ts';

type Needs = Pick<World, 'db' | 'clock'> & Directory;
type Names = ReadonlyMap<string, string>;

interface Asked {
  readonly vault: AccountVault;
  readonly names: Names;
  readonly conditions: Conditions;
}

export async function listEntries(
  world: Needs,
  caller: Caller,
  { cursor, limit, ...filters }: AuditFilters & { readonly cursor?: string | undefined; readonly limit: number },
): Promise<{ entries: AuditEntryAnswer[]; nextCursor: string | null; searchedTo: string | null }> {
  const asked = await ask(world, caller, filters);
  const { vault, names } = asked;
  const beforeId = cursor === undefined ? null : readCursor(vault, caller, filters, cursor);
  return world.db.asAccount(caller.accountId, async (tx) => {
    const { entries, searchedTo } = await searchEntries(tx, startingBehind(asked.conditions, beforeId), limit + 1);
    const shown = entries.slice(0, limit);
    if (cursor === undefined) await note(world, tx, caller, filters, { entries: shown.length, format: 'json' });
    const end = entries.length > limit ? (shown.at(-1)?.id ?? null) : searchedTo;
    return {
      entries: shown.map((one) => answerOf(vault, names, one)),
      nextCursor: end === null ? null : writeCursor(vault, caller, filters, end),
      searchedTo: end === null ? null : timeOfId(end).toISOString(),
    };
  });
}

/** Page by page as it is read; nothing is held in memory but a page. */
export async function exportEntries(
  world: Needs,
  caller: Caller,
  filters: AuditFilters,
  { most, format, lineOf, head }: ExportForm,
): Promise<Readable> {
  const asked = await ask(world, caller, filters);
  await world.db.asAccount(caller.accountId, (tx) => note(world, tx, caller, filters, { entries: most, format }));
  return Readable.from(exportedLines(world, caller.accountId, asked, { most, head, lineOf }));
}

export interface ExportForm {
  readonly most: number;
  readonly format: 'json' | 'csv';
  readonly head: string;
  lineOf(entry: AuditEntryAnswer): string;
}

const entriesPerPage = 1_000;

async function* exportedLines(
  world: Pick<World, 'db'>,
  accountId: string,
  { vault, names, conditions }: Asked,
  { most, head, lineOf }: Pick<ExportForm, 'most' | 'head' | 'lineOf'>,
): AsyncGenerator<string> {
  yield head;
  let left = most;
  let end: string | null = null;
  do {
    const rows = Math.min(left, entriesPerPage);
    const wish = startingBehind(conditions, end);
    const { entries, searchedTo } = await world.db.readAccount(accountId, (tx) => searchEntries(tx, wish, rows));
    yield entries.map((one) => lineOf(answerOf(vault, names, one))).join('');
    left -= entries.length;
    end = searchedTo;
  } while (left > 0 && end !== null);
}

async function ask(world: Needs, caller: Caller, filters: AuditFilters): Promise<Asked> {
  const { accountId } = caller;
  const { since, until } = rangeOf(filters);
  const vault = await world.vaultOf(accountId);
  const mayName = caller.permissions === undefined || caller.permissions.includes('people.read');
  const names: Names = mayName ? await world.namesOf(accountId) : new Map();
  const { q, since: _since, until: _until, ...exact } = filters;
  const conditions: Conditions = {
    action: undefined,
    actorId: undefined,
    objectKind: undefined,
    objectId: undefined,
    outcome: undefined,
    departmentId: undefined,
    ...exact,
    fromId: since === null ? null : firstIdAt(since),
    beforeId: until === null ? null : firstIdAt(until),
    anyOf: q === undefined ? undefined : await meantBy(world, accountId, names, q),
  };
  return { vault, names, conditions };
}

const mostMeant = 100;

/** What words may mean: an id as it stands, whoever is called so, and actions that are. */
async function meantBy(world: Needs, accountId: string, names: Names, words: string) {
  const lower = words.toLowerCase();
  const named = [...names].filter(([, name]) => name.toLowerCase().includes(lower)).map(([id]) => id);
  const actions = await world.db.readAccount(accountId, listActions);
  const plain = lower.replaceAll(' ', '_');
  return {
    ids: [words, ...named.slice(0, mostMeant)],
    actions: actions.filter((action) => action.includes(lower) || action.replaceAll('.', '_').includes(plain)),
  };
}

const startingBehind = (conditions: Conditions, beforeId: string | null): Conditions =>
  beforeId === null ? conditions : { ...conditions, beforeId };

function note(
  world: Pick<World, 'clock'>,
  tx: Parameters<typeof record>[0],
  { actor }: Caller,
  filters: AuditFilters,
  seen: { readonly entries: number; readonly format: 'json' | 'csv' },
): Promise<void> {
  const given = Object.entries(filters).filter(([, value]) => value !== undefined);
  const detail = { filters: given.map(([name]) => name).sort(), ...seen };
  return record(tx, { at: world.clock.now(), actor, action: 'audit.searched', object: { kind: 'audit-log' }, detail });
}

function answerOf(vault: AccountVault, names: Names, one: FoundEntry): AuditEntryAnswer {
  const nameOf = (id: string | null): string | null => (id === null ? null : (names.get(id) ?? null));
  const { sealed, commitment } = one;
  const address = sealed === null || commitment === null ? undefined : openAddress(vault, { sealed, commitment });
  return {
    id: one.id,
    at: one.at.toISOString(),
    action: one.action,
    outcome: one.outcome,
    actor: { kind: one.actorKind, id: one.actorId, name: nameOf(one.actorId) },
    department: one.departmentId === null ? null : { id: one.departmentId, name: nameOf(one.departmentId) },
    object: { kind: one.objectKind, id: one.objectId, name: nameOf(one.objectId) },
    reason: one.reasonKind === null ? null : { kind: one.reasonKind, id: one.reasonId },
    address: address?.value ?? null,
    detail: one.detail,
  };
}

const idBytes = 16;

const proofOf = (vault: AccountVault, caller: Caller, filters: AuditFilters, id: string): Buffer =>
  vault.index('audit.cursor', canonicalJson({ id, filters, reader: `${caller.actor.kind} ${caller.actor.id}` }));

function writeCursor(vault: AccountVault, caller: Caller, filters: AuditFilters, id: string): string {
  const hex = Buffer.from(id.replaceAll('-', ''), 'hex');
  return Buffer.concat([hex, proofOf(vault, caller, filters, id)]).toString('base64url');
}

function readCursor(vault: AccountVault, caller: Caller, filters: AuditFilters, cursor: string): string {
  const bytes = Buffer.from(cursor, 'base64url');
  const id = bytes
    .subarray(0, idBytes)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.*)$/, '$1-$2-$3-$4-$5');
  const proof = proofOf(vault, caller, filters, id);
  const isOurs = bytes.length === idBytes + proof.length && timingSafeEqual(bytes.subarray(idBytes), proof);
  if (!isOurs) throw new Problem('request.bad_cursor');
  return id;
}
