/**
 * Addresses of each copy at the domain that mail comes back to: its envelope sender, and the one by which its recipient
 * unsubscribes by mail. Made for delivery, read by the intake.
 */
import { handleOfReturn, type ReturnUse, returnLocalPart } from '../core/returns/return-address.ts';
import type { Vault } from '../platform/vault.ts';

const keyUses = { b: 'return-path', u: 'unsubscribe-mail' } as const satisfies Record<ReturnUse, string>;

export type AddressOf = (handle: Uint8Array) => string;
/** Gives the handle of whose copy it was; undefined: not an address that we made for this. */
export type AddressReader = (address: string) => Uint8Array | undefined;

function maker(vault: Pick<Vault, 'derive'>, domain: string, use: ReturnUse): AddressOf {
  const key = vault.derive(keyUses[use]);
  return (handle) => `${returnLocalPart(key, handle, use)}@${domain}`;
}

function reader(vault: Pick<Vault, 'derive'>, domain: string, use: ReturnUse): AddressReader {
  const key = vault.derive(keyUses[use]);
  return (address) => {
    const at = address.lastIndexOf('@');
    if (address.slice(at + 1).toLowerCase() !== domain.toLowerCase()) return undefined;
    return handleOfReturn(key, address.slice(0, at), use);
  };
}

export const returnPathOf = (vault: Pick<Vault, 'derive'>, domain: string): AddressOf => maker(vault, domain, 'b');
export const returnPathReader = (vault: Pick<Vault, 'derive'>, domain: string): AddressReader =>
  reader(vault, domain, 'b');
export const unsubscribeMailOf = (vault: Pick<Vault, 'derive'>, domain: string): AddressOf => maker(vault, domain, 'u');
export const unsubscribeMailReader = (vault: Pick<Vault, 'derive'>, domain: string): AddressReader =>
  reader(vault, domain, 'u');
