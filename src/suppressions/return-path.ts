/** The envelope sender of each copy, by which what comes back is known: made for delivery, read by the intake. */
import { handleOfReturn, returnLocalPart } from '../core/returns/return-address.ts';
import type { Vault } from '../platform/vault.ts';

const use = 'return-path';

export function returnPathOf(vault: Pick<Vault, 'derive'>, domain: string): (handle: Uint8Array) => string {
  const key = vault.derive(use);
  return (handle) => `${returnLocalPart(key, handle)}@${domain}`;
}

/** Gives the handle of whose copy it was; undefined: not an address that we made. */
export function returnPathReader(
  vault: Pick<Vault, 'derive'>,
  domain: string,
): (address: string) => Uint8Array | undefined {
  const key = vault.derive(use);
  return (address) => {
    const at = address.lastIndexOf('@');
    if (address.slice(at + 1).toLowerCase() !== domain.toLowerCase()) return undefined;
    return handleOfReturn(key, address.slice(0, at));
  };
}
