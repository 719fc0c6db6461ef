/**
 * Names of mail servers that took mail or stand before a mailbox. A domain of one's own has a server that is named after it,
 * so a name is kept under its message's key; readable stays only the part that many share, by which a gateway is known.
 */
import { gatewayOf } from '@waxwing/verdict';
import type { Sealer } from '../platform/vault.ts';

const purpose = 'mail.host';

export const sealHost = (message: Sealer | null | undefined, host: string | null | undefined): Buffer | null =>
  message && host ? message.seal(purpose, host) : null;

export const openHost = (message: Sealer | null, sealed: Buffer | null): string | null =>
  message === null || sealed === null ? null : message.open(purpose, sealed).toString();

/** The end of the name that still tells which gateway it is; null: none that is known. */
export function gatewayName(host: string): string | null {
  let name: string | null = null;
  for (let rest = host.toLowerCase(); gatewayOf(rest) !== undefined; rest = rest.slice(rest.indexOf('.') + 1)) {
    name = rest;
    if (!rest.includes('.')) break;
  }
  return name;
}
