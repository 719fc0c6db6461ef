/** All SQL on what users prove themselves with: passkeys, passwords, codes and challenges. It checks nothing. */
import { type Database, sql, type Tx } from '../../platform/database.ts';

export interface StoredPasskey {
  readonly id: string;
  readonly credentialId: Buffer;
  readonly publicKey: Buffer;
  readonly signCount: number;
  readonly transports: readonly string[];
  readonly name: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
}

export const listPasskeyRows = (tx: Tx, userId: string): Promise<StoredPasskey[]> =>
  tx.query(sql`
    SELECT id, credential_id AS "credentialId", public_key AS "publicKey", sign_count AS "signCount", transports, name,
           created_at AS "createdAt", last_used_at AS "lastUsedAt"
      FROM passkeys WHERE account_id = current_account() AND user_id = ${userId} ORDER BY created_at, id`);

/** False: the credential is known already. */
export async function insertPasskey(tx: Tx, userId: string, one: StoredPasskey): Promise<boolean> {
  const rows = await tx.query(sql`
    INSERT INTO passkeys (account_id, id, user_id, credential_id, public_key, sign_count, transports, name, created_at)
    VALUES (current_account(), ${one.id}, ${userId}, ${one.credentialId}, ${one.publicKey}, ${one.signCount},
            ${one.transports}, ${one.name}, ${one.createdAt})
    ON CONFLICT (credential_id) DO NOTHING RETURNING id`);
  return rows.length === 1;
}

export const markPasskeyUsed = (tx: Tx, id: string, signCount: number, at: Date): Promise<unknown> =>
  tx.query(sql`
    UPDATE passkeys SET sign_count = ${signCount}, last_used_at = ${at}
     WHERE account_id = current_account() AND id = ${id}`);

export async function deletePasskey(tx: Tx, userId: string, id: string): Promise<boolean> {
  const rows = await tx.query(sql`
    DELETE FROM passkeys WHERE account_id = current_account() AND user_id = ${userId} AND id = ${id} RETURNING id`);
  return rows.length === 1;
}

export async function findPasskey(
  db: Database,
  credentialId: Buffer,
): Promise<{ accountId: string; userId: string } | undefined> {
  const rows = await db.askGate<{ accountId: string; userId: string }>(
    sql`SELECT account_id AS "accountId", user_id AS "userId" FROM account_of_passkey(${credentialId})`,
  );
  return rows[0];
}

/** False: the challenge was answered before. */
export async function claimChallenge(tx: Tx, challenge: Buffer, expiresAt: Date, at: Date): Promise<boolean> {
  await tx.query(sql`DELETE FROM used_challenges WHERE account_id = current_account() AND expires_at <= ${at}`);
  const rows = await tx.query(sql`
    INSERT INTO used_challenges (account_id, challenge, expires_at)
    VALUES (current_account(), ${challenge}, ${expiresAt}) ON CONFLICT DO NOTHING RETURNING challenge`);
  return rows.length === 1;
}

export interface PasswordHolder {
  readonly accountId: string;
  readonly userId: string;
  readonly passwordHash: string;
}

/** Of every account in which the address may sign in with a password. */
export const findPasswordHolders = (db: Database, emailLookup: Buffer): Promise<PasswordHolder[]> =>
  db.askGate(sql`
    SELECT account_id AS "accountId", user_id AS "userId", password_hash AS "passwordHash"
      FROM accounts_of_email(${emailLookup}) ORDER BY account_id`);

export const setPassword = (
  tx: Tx,
  userId: string,
  password: { hash: string | null; totpSealed: Buffer | null; step: number },
): Promise<unknown> =>
  tx.query(sql`
    UPDATE users SET password_hash = ${password.hash}, totp_sealed = ${password.totpSealed}, totp_step = ${password.step}
     WHERE account_id = current_account() AND id = ${userId}`);

/** False: a code of this step or a later one was taken before. RFC 6238 §5.2 */
export async function claimTotpStep(tx: Tx, userId: string, step: number): Promise<boolean> {
  const rows = await tx.query(sql`
    UPDATE users SET totp_step = ${step}
     WHERE account_id = current_account() AND id = ${userId} AND totp_step < ${step} RETURNING id`);
  return rows.length === 1;
}

export async function replaceRecoveryCodes(tx: Tx, userId: string, hashes: readonly Buffer[]): Promise<void> {
  await tx.query(sql`DELETE FROM recovery_codes WHERE account_id = current_account() AND user_id = ${userId}`);
  for (const hash of hashes)
    await tx.query(sql`
      INSERT INTO recovery_codes (account_id, user_id, code_hash) VALUES (current_account(), ${userId}, ${hash})`);
}

/** True once per code. */
export async function claimRecoveryCode(tx: Tx, userId: string, hash: Buffer, at: Date): Promise<boolean> {
  const rows = await tx.query(sql`
    UPDATE recovery_codes SET used_at = ${at}
     WHERE account_id = current_account() AND user_id = ${userId} AND code_hash = ${hash} AND used_at IS NULL
    RETURNING user_id`);
  return rows.length === 1;
}

export async function countRecoveryCodes(tx: Tx, userId: string): Promise<number> {
  const [row] = await tx.query<{ left: number }>(sql`
    SELECT count(*)::int AS left FROM recovery_codes
     WHERE account_id = current_account() AND user_id = ${userId} AND used_at IS NULL`);
  return row?.left ?? 0;
}

/** Everything that the user could sign in with. */
export async function dropCredentials(tx: Tx, userId: string): Promise<void> {
  await tx.query(sql`DELETE FROM passkeys WHERE account_id = current_account() AND user_id = ${userId}`);
  await replaceRecoveryCodes(tx, userId, []);
  await setPassword(tx, userId, { hash: null, totpSealed: null, step: 0 });
}
