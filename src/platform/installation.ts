/** Notices at the start that the key file does not belong to the database, before anything is sealed under it. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Database, sql } from './database.ts';
import type { Vault } from './vault.ts';

export class WrongKey extends Error {}

/** What a database keeps to know its key file by. */
export const keyCheckOf = (vault: Vault): Buffer =>
  createHmac('sha256', vault.derive('installation')).update('key check').digest();

export async function checkKeyOfInstallation(db: Database, vault: Vault, now: Date): Promise<void> {
  const ours = keyCheckOf(vault);
  const [stored] = await db.asWorker(async (tx) => {
    await tx.query(
      sql`INSERT INTO installation (key_check, created_at) VALUES (${ours}, ${now}) ON CONFLICT DO NOTHING`,
    );
    return tx.query<{ keyCheck: Buffer }>(sql`SELECT key_check AS "keyCheck" FROM installation`);
  });
  if (stored === undefined || !timingSafeEqual(stored.keyCheck, ours))
    throw new WrongKey(
      'The key file is not the one that this database was made with, so nothing in it could be read. ' +
        'Point WAXWING_KEY_FILE at the right one, or restore it from your backup.',
    );
}
