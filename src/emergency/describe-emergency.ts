/** An emergency access as people read it: reason, note and names opened, and whether it is over by now. It changes nothing. */
import { type DirectoryPerson, readDirectory } from '../accounts/index.ts';
import type { EmergencyAccessBody } from '../contract/emergency.ts';
import type { Tx } from '../platform/database.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { EndedBy, StoredEmergency } from './store.ts';

/** Its time may be over before anybody wrote that down. */
export function endOf(one: StoredEmergency, now: Date): { readonly at: Date; readonly by: EndedBy } | null {
  if (one.endedAt !== null && one.endedBy !== null) return { at: one.endedAt, by: one.endedBy };
  return now >= one.endsAt ? { at: one.endsAt, by: 'time' } : null;
}

export async function describeEmergencies(
  tx: Tx,
  vault: AccountVault,
  rows: readonly StoredEmergency[],
  now: Date,
): Promise<EmergencyAccessBody[]> {
  if (rows.length === 0) return [];
  const people = new Map((await readDirectory(tx, vault)).map((one) => [one.id, one]));
  return rows.map((row) => bodyOf(row, vault, people, now));
}

export async function describeEmergency(
  tx: Tx,
  vault: AccountVault,
  row: StoredEmergency,
  now: Date,
): Promise<EmergencyAccessBody> {
  const [body] = await describeEmergencies(tx, vault, [row], now);
  if (body === undefined) throw new Error('an emergency access was not described');
  return body;
}

function bodyOf(
  row: StoredEmergency,
  vault: AccountVault,
  people: ReadonlyMap<string, DirectoryPerson>,
  now: Date,
): EmergencyAccessBody {
  const end = endOf(row, now);
  const nameOf = (userId: string): string => people.get(userId)?.name ?? '';
  return {
    ...{ id: row.id, userId: row.userId, userName: nameOf(row.userId), category: row.category },
    reason: vault.open('emergency.reason', row.reasonSealed).toString(),
    permissions: [...row.permissions],
    openedAt: row.openedAt.toISOString(),
    endsAt: row.endsAt.toISOString(),
    endedAt: end?.at.toISOString() ?? null,
    endedBy: end?.by ?? null,
    isOpen: end === null,
    review: reviewOf(row, vault, nameOf),
  };
}

function reviewOf(
  { reviewedAt, reviewedBy, outcome, noteSealed }: StoredEmergency,
  vault: AccountVault,
  nameOf: (userId: string) => string,
): EmergencyAccessBody['review'] {
  if (reviewedAt === null || reviewedBy === null || outcome === null || noteSealed === null) return null;
  const note = vault.open('emergency.note', noteSealed).toString();
  return { outcome, note, at: reviewedAt.toISOString(), by: reviewedBy, byName: nameOf(reviewedBy) };
}
