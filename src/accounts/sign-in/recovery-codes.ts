/** Recovery codes: each takes the place of an authenticator app's code once, beside the password. Only keyed hashes are kept. */
import { randomInt } from 'node:crypto';
import type { Tx } from '../../platform/database.ts';
import type { Vault } from '../../platform/vault.ts';
import { claimRecoveryCode, replaceRecoveryCodes } from '../keys/credential-store.ts';
import { hashSecret } from '../secrets.ts';

const codes = 10;
const groups = 4;
/** Without 0, 1, l, o: they are read from paper. 4 × 4 of 32 letters are 80 bits. */
const letters = '23456789abcdefghijkmnpqrstuvwxyz';

const newCode = (): string =>
  Array.from({ length: groups }, () =>
    Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join(''),
  ).join('-');

const hashOf = (vault: Vault, userId: string, code: string): Buffer =>
  hashSecret(vault, 'recovery-code', `${userId} ${code.toLowerCase().replaceAll(/[^0-9a-z]/g, '')}`);

/** The earlier ones end. */
export async function renewCodes(tx: Tx, vault: Vault, userId: string): Promise<string[]> {
  const made = Array.from({ length: codes }, newCode);
  await replaceRecoveryCodes(
    tx,
    userId,
    made.map((code) => hashOf(vault, userId, code)),
  );
  return made;
}

/** True once per code. */
export const takeCode = (tx: Tx, vault: Vault, userId: string, code: string, at: Date): Promise<boolean> =>
  claimRecoveryCode(tx, userId, hashOf(vault, userId, code), at);
