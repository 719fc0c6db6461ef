/** Many addresses at once, from JSON or CSV. A row that is no address is told by its number, never by what stood in it. */
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import { type ImportRow, importedRow, mostImported } from '../contract/suppressions.ts';
import type { Caller } from '../platform/route.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { knownAddress } from './address.ts';
import { scopeOf } from './change-suppressions.ts';
import { type SuppressionRow, upsertSuppressions } from './store.ts';

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;

export interface Imported {
  readonly added: number;
  readonly refused: readonly { readonly row: number; readonly why: string }[];
}

type Row = ImportRow | { readonly why: string };

export async function importSuppressions(
  world: Needs,
  caller: Caller,
  given: { readonly csv: string } | { readonly suppressions: readonly ImportRow[] },
): Promise<Imported> {
  const rows: readonly Row[] = 'csv' in given ? rowsOfCsv(given.csv) : given.suppressions;
  if (rows.length > mostImported) throw new Problem('suppression.import_invalid');
  const vault = await accountVault(world, caller.accountId);
  const now = world.clock.now();
  const read = rows.map((row, at) => ({ row: at + 1, read: readRow(vault, row, now) }));
  const good = new Map(read.flatMap(({ read: one }) => ('why' in one ? [] : [[keyOf(one), one] as const])));
  await world.db.asAccount(caller.accountId, async (tx) => {
    await upsertSuppressions(tx, [...good.values()]);
    const object = { kind: 'suppressions' } as const;
    const detail = { suppressions: good.size };
    await record(tx, { at: now, actor: caller.actor, action: 'suppressions.imported', object, detail });
  });
  const refused = read.flatMap(({ row, read: one }) => ('why' in one ? [{ row, why: one.why }] : []));
  return { added: rows.length - refused.length, refused };
}

const keyOf = ({ addressIndex, reason }: SuppressionRow): string => `${addressIndex.toString('hex')} ${reason}`;

function readRow(vault: AccountVault, row: Row, now: Date): SuppressionRow | { readonly why: string } {
  if ('why' in row) return row;
  try {
    const { email, index } = knownAddress(vault, row.email);
    const addressSealed = vault.seal('suppression.address', email);
    const { reason } = row;
    return { addressIndex: index, addressSealed, reason, scope: scopeOf(row), createdAt: now, expiresAt: null };
  } catch (error) {
    if (error instanceof Problem) return { why: 'It is not an address.' };
    throw error;
  }
}

/** RFC 4180, with or without a header; only the first three columns count, so that an export can be taken as it is. */
function rowsOfCsv(csv: string): Row[] {
  const lines = csv
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '');
  const [head = ''] = lines;
  const rows = /^"?e-?mail"?\s*(,|;|$)/i.test(head) ? lines.slice(1) : lines;
  return rows.map((line): Row => {
    const [email = '', reason = '', scope = ''] = cellsOf(line);
    const read = importedRow.safeParse({
      email,
      ...(reason === '' ? {} : { reason: reason === 'soft-bounces' ? 'manual' : reason }),
      ...(scope === '' ? {} : { scope }),
    });
    return read.success ? read.data : { why: 'Its reason or scope is not known.' };
  });
}

/** An apostrophe in front keeps spreadsheets from running an address that begins with a sign; it belongs to no address here. */
const cellsOf = (line: string): string[] =>
  [...line.matchAll(/(?:^|[,;])\s*(?:"((?:[^"]|"")*)"|([^,;]*))/g)].map(([, quoted, plain]) =>
    (quoted?.replaceAll('""', '"') ?? plain ?? '').trim().replace(/^'(?=[=+@-])/, ''),
  );
