/** The keyring of tracking tokens, derived from the vault, so that every process has the same without asking anybody. */
import type { TokenKeyring } from '../core/token.ts';
import type { Vault } from '../platform/vault.ts';

/** Raised by one to rotate. Keys are never taken out: a token may come back years later. */
const currentId = 1;

export function tokenKeys(vault: Pick<Vault, 'derive'>, newestId = currentId): TokenKeyring {
  const ids = Array.from({ length: newestId }, (_, place) => place + 1);
  return { currentId: newestId, byId: new Map(ids.map((id) => [id, vault.derive(`token.${id}`)])) };
}
