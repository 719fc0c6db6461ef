/** A report that waits to be sent, as it is kept: sealed by the installation. */
import type { Destination } from '../core/tls-reports/reporting-addresses.ts';
import { nullWhenBroken, type Vault } from '../platform/vault.ts';

export interface Outgoing {
  readonly domain: string;
  readonly day: string;
  readonly report: object;
  /** Who has not got it yet; null: nobody was asked who wants it. */
  readonly left: readonly Destination[] | null;
}

const use = 'tls-reports.out';

export const encodeOutgoing = (vault: Vault, outgoing: Outgoing): Buffer =>
  vault.sealer(use).seal('tls.report', JSON.stringify(outgoing));

/** Null: under a key that is gone. */
export function decodeOutgoing(vault: Vault, sealed: Buffer): Outgoing | null {
  try {
    return JSON.parse(vault.sealer(use).open('tls.report', sealed).toString()) as Outgoing;
  } catch (error) {
    return nullWhenBroken(error);
  }
}
