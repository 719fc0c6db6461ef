/** The suppression list in pages and as a file. Whoever looks at it is in the audit log. */
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import type { SuppressionBody, SuppressionReason } from '../contract/suppressions.ts';
import { csvOf } from '../core/report/csv.ts';
import type { Tx } from '../platform/database.ts';
import { Answer, type Caller } from '../platform/route.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { entryOf } from './change-suppressions.ts';
import { type ListPlace, type SuppressionRow, selectPage } from './store.ts';

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;

export interface ListQuery {
  readonly reason?: SuppressionReason | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export async function listSuppressions(world: Needs, caller: Caller, { reason, limit, cursor }: ListQuery) {
  const vault = await accountVault(world, caller.accountId);
  const now = world.clock.now();
  const after = cursor === undefined ? undefined : readCursor(cursor);
  const rows = await world.db.asAccount(caller.accountId, async (tx) => {
    const found = await selectPage(tx, { reason, after, rows: limit + 1, now });
    const detail = { suppressions: Math.min(found.length, limit) };
    const object = { kind: 'suppressions' } as const;
    await record(tx, { at: now, actor: caller.actor, action: 'suppressions.listed', object, detail });
    return found;
  });
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const suppressions = shown.map((row) => opened(vault, row));
  return rows.length > limit && last !== undefined ? { suppressions, nextCursor: writeCursor(last) } : { suppressions };
}

const opened = (vault: AccountVault, row: SuppressionRow): SuppressionBody => ({
  email: row.addressSealed === null ? null : vault.open('suppression.address', row.addressSealed).toString(),
  ...entryOf(row),
});

/** A time, a keyed hash and a word: it names nobody. */
const writeCursor = ({ createdAt, addressIndex, reason }: SuppressionRow): string =>
  Buffer.from(`${createdAt.toISOString()} ${addressIndex.toString('hex')} ${reason}`).toString('base64url');

function readCursor(cursor: string): ListPlace {
  const found = /^(\S{24}) ([0-9a-f]{32}) ([a-z-]{3,20})$/.exec(Buffer.from(cursor, 'base64url').toString());
  const [, at = '', index = '', reason = ''] = found ?? [];
  const createdAt = new Date(at);
  if (found === null || Number.isNaN(createdAt.getTime())) throw new Problem('request.bad_cursor');
  return { createdAt, addressIndex: Buffer.from(index, 'hex'), reason };
}

const exportedAtOnce = 1_000;

export async function exportSuppressions(world: Needs, caller: Caller): Promise<Answer> {
  const vault = await accountVault(world, caller.accountId);
  const now = world.clock.now();
  const rows = await world.db.asAccount(caller.accountId, async (tx) => {
    const all = await everyRow(tx, now);
    const object = { kind: 'suppressions' } as const;
    const detail = { suppressions: all.length };
    await record(tx, { at: now, actor: caller.actor, action: 'suppressions.exported', object, detail });
    return all;
  });
  const table = rows.map((row) => {
    const { email, reason, scope, createdAt, expiresAt } = opened(vault, row);
    return [email, reason, scope, createdAt, expiresAt];
  });
  return new Answer(csvOf(['email', 'reason', 'scope', 'createdAt', 'expiresAt'], table), {
    'content-type': 'text/csv; charset=utf-8; header=present',
    'content-disposition': 'attachment; filename="suppressions.csv"',
  });
}

async function everyRow(tx: Tx, now: Date): Promise<SuppressionRow[]> {
  const all: SuppressionRow[] = [];
  for (;;) {
    const page = await selectPage(tx, { reason: undefined, after: all.at(-1), rows: exportedAtOnce, now });
    all.push(...page);
    if (page.length < exportedAtOnce) return all;
  }
}
