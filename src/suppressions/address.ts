/** One address as the suppression list keeps it: found by a keyed hash, whatever its spelling; readable only when opened. */
import { Problem } from '../contract/problem.ts';
import { comparableAddress, normaliseAddress, parseAddressList } from '../core/message/index.ts';
import type { AccountVault } from '../platform/vault.ts';

export interface KnownAddress {
  readonly email: string;
  readonly index: Buffer;
}

export function knownAddress(vault: Pick<AccountVault, 'index'>, written: string): KnownAddress {
  const parsed = parseAddressList(written);
  if (parsed.kind !== 'addresses' || parsed.mailboxes.length !== 1) throw new Problem('message.invalid_address');
  const email = normaliseAddress(parsed.mailboxes[0]?.address ?? written);
  return { email, index: vault.index('address', comparableAddress(email)) };
}
