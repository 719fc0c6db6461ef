/** From which network address somebody acted: sealed for the log with the salt of its commitment, and opened again. */
import { randomBytes } from 'node:crypto';
import { addressCommitment } from '../core/audit/chain.ts';
import type { SealedAddress } from '../platform/route.ts';
import { type AccountVault, SealBroken } from '../platform/vault.ts';

const longestAddress = 64;

export function sealAddress(vault: AccountVault, address: string): SealedAddress {
  // A listener on `::` shows an IPv4 client as ::ffff:192.0.2.1 (RFC 4291 §2.5.5.2).
  const value = address.replace(/^::ffff:(?=\d+\.)/i, '').slice(0, longestAddress);
  const salt = randomBytes(16).toString('hex');
  return {
    sealed: vault.seal('audit.address', `${salt} ${value}`),
    commitment: Buffer.from(addressCommitment({ salt, value }), 'hex'),
  };
}

/** Undefined: it cannot be opened any more, or is not what the chain speaks of. */
export function openAddress(
  vault: AccountVault,
  { sealed, commitment }: SealedAddress,
): { salt: string; value: string } | undefined {
  try {
    const [salt = '', value = ''] = vault.open('audit.address', sealed).toString().split(' ');
    return addressCommitment({ salt, value }) === commitment.toString('hex') ? { salt, value } : undefined;
  } catch (error) {
    if (error instanceof SealBroken) return undefined;
    throw error;
  }
}
