/** The keyrings of tracking tokens and of unsubscribe links, derived from the vault, so that every process has the same without asking anybody. */
import type { TokenKeyring } from '../core/token.ts';
import type { Vault } from '../platform/vault.ts';

/** Raised by one to rotate. Keys are never taken out: a token may come back years later. */
const currentId = 1;

export function tokenKeys(vault: Pick<Vault, 'derive'>, newestId = currentId): TokenKeyring {
  const ids = Array.from({ length: newestId }, (_, place) => place + 1);
  return { currentId: newestId, byId: new Map(ids.map((id) => [id, vault.derive(`token.${id}`)])) };
}

/** Of their own, so that neither kind of token can be made with the other's key. Raised by one to rotate, never taken out. */
const currentUnsubscribeId = 1;

export function unsubscribeKeys(vault: Pick<Vault, 'derive'>, newestId = currentUnsubscribeId): TokenKeyring {
  const ids = Array.from({ length: newestId }, (_, place) => place + 1);
  return { currentId: newestId, byId: new Map(ids.map((id) => [id, vault.derive(`unsubscribe.${id}`)])) };
}
