/**
 * Keeps what a user was typing into a form of the console, sealed, so that the end of a session loses nothing. Only the
 * same user gets it back; whoever came by an installation link is nobody in particular, and has none.
 */
import { Problem } from '../../contract/problem.ts';
import type { Database } from '../../platform/database.ts';
import type { Caller } from '../../platform/route.ts';
import { nullWhenBroken } from '../../platform/vault.ts';
import type { World } from '../../platform/world.ts';
import { accountVault } from '../account-vault.ts';
import { listAccounts } from '../store.ts';
import {
  countOthers,
  type DraftPlace,
  deleteDraftRow,
  deleteOldDrafts,
  readDraftRow,
  writeDraftRow,
} from './draft-store.ts';

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;
export type DraftFields = Readonly<Record<string, string>>;

const keptMs = 7 * 86_400_000;
/** Of one user: more forms than the console has. */
const mostForms = 100;

export async function saveDraft(world: Needs, caller: Caller, form: string, fields: DraftFields) {
  const userId = caller.session?.userId ?? null;
  if (userId === null) throw new Problem('draft.nobody');
  const place = { userId, form };
  const vault = await accountVault(world, caller.accountId);
  const savedAt = world.clock.now();
  const expiresAt = new Date(savedAt.getTime() + keptMs);
  const bodySealed = vault.seal('draft.body', JSON.stringify({ ...place, fields }));
  await world.db.asAccount(caller.accountId, async (tx) => {
    if ((await countOthers(tx, place)) >= mostForms) throw new Problem('draft.too_many');
    await writeDraftRow(tx, place, { bodySealed, savedAt, expiresAt });
  });
  return { savedAt, expiresAt };
}

export async function readDraft(
  world: Needs,
  caller: Caller,
  form: string,
): Promise<{ fields: DraftFields; savedAt: Date } | null> {
  const userId = caller.session?.userId ?? null;
  if (userId === null) return null;
  const vault = await accountVault(world, caller.accountId);
  const row = await world.db.readAccount(caller.accountId, (tx) =>
    readDraftRow(tx, { userId, form }, world.clock.now()),
  );
  if (row === undefined) return null;
  try {
    const body = JSON.parse(vault.open('draft.body', row.bodySealed).toString()) as DraftPlace & {
      fields: DraftFields;
    };
    // A row that was put in another's place in the database is nobody's.
    return body.userId === userId && body.form === form ? { fields: body.fields, savedAt: row.savedAt } : null;
  } catch (error) {
    return nullWhenBroken(error);
  }
}

export async function deleteDraft({ db }: Needs, caller: Caller, form: string): Promise<void> {
  const userId = caller.session?.userId ?? null;
  if (userId !== null) await db.asAccount(caller.accountId, (tx) => deleteDraftRow(tx, { userId, form }));
}

/** Ends drafts that are a week old, in every account. */
export async function forgetOldDrafts({ db, clock }: { db: Database; clock: World['clock'] }): Promise<void> {
  for (const { accountId } of await db.asWorker(listAccounts))
    await db.asAccount(accountId, (tx) => deleteOldDrafts(tx, clock.now()));
}
