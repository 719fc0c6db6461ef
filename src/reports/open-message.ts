/** Opens what a message keeps sealed, for one reader's look. Of an erased message nothing opens, and it says so. */
import { decodeStoredHeader } from '../core/delivery/stored-header.ts';
import type { AccountVault, Sealer } from '../platform/vault.ts';
import type { MessageRow } from './message-store.ts';

export interface OpenedHeader {
  readonly subject: string;
  readonly from: string;
  readonly tags: readonly string[];
}

const erased = '';

export const messageSealer = (vault: AccountVault, keySealed: Buffer | null): Sealer | null =>
  keySealed === null ? null : vault.openMessageKey(keySealed);

export function openHeader(sealer: Sealer | null, row: Pick<MessageRow, 'headerSealed'>): OpenedHeader {
  if (sealer === null) return { subject: erased, from: erased, tags: [] };
  const { subject, from, tags } = decodeStoredHeader(sealer.open('message.header', row.headerSealed).toString());
  return { subject, from, tags };
}

export const openAddress = (sealer: Sealer | null, addressSealed: Buffer): string =>
  sealer === null ? erased : sealer.open('recipient.address', addressSealed).toString();

/** Destinations by link index. */
export const openLinks = (sealer: Sealer | null, row: Pick<MessageRow, 'linksSealed'>): readonly string[] =>
  sealer === null || row.linksSealed === null
    ? []
    : (JSON.parse(sealer.open('message.links', row.linksSealed).toString()) as string[]);
