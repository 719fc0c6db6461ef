/** A user's address as it is stored: sealed, and as the keyed hashes by which it is found, in the account and at sign-in. */
import type { AccountVault } from '../../platform/vault.ts';
import type { World } from '../../platform/world.ts';
import { hashSecret } from '../secrets.ts';

/** One address in any writing; domains are not case-sensitive, and no mail host in use has case-sensitive boxes. */
export const normalEmail = (email: string): string => email.trim().normalize('NFC').toLowerCase();

export const userIndexOf = (vault: AccountVault, address: string): Buffer =>
  vault.index('user.email', normalEmail(address));

export const storedAddress = (world: Pick<World, 'vault'>, vault: AccountVault, address: string) => ({
  emailSealed: vault.seal('user.email', normalEmail(address)),
  emailIndex: userIndexOf(vault, address),
  emailLookup: hashSecret(world.vault, 'user-email', normalEmail(address)),
});
