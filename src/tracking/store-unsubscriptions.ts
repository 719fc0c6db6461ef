/**
 * Stores unsubscriptions of the journal for one account, in the transaction that moves the journal's position: an event and
 * a count for each copy once, and the suppression list. It judges nothing: a POST of RFC 8058 is a will, not a sign of one.
 */
import { type AccountKeys, recordUnsubscribed } from '../events/index.ts';
import type { Tx } from '../platform/database.ts';
import type { AccountVault } from '../platform/vault.ts';
import { noteUnsubscribed } from '../suppressions/index.ts';
import type { JournaledUnsubscription } from './hit.ts';

const sentences = {
  'one-click': 'The recipient unsubscribed by the button of their mail program.',
  page: 'The recipient unsubscribed on the page of the link.',
  mail: 'The recipient unsubscribed by mail.',
} as const;

type Account = Pick<AccountKeys, 'accountId'> & { readonly vault: AccountVault };

/** Of the journal, or of mail that came to a copy's own address for it. */
export type Unsubscription = Omit<JournaledUnsubscription, 'kind' | 'will'> & { readonly will: keyof typeof sentences };

/** Gives how many led to no copy of this account. */
export async function storeUnsubscriptions(
  tx: Tx,
  { accountId, vault }: Account,
  entries: readonly Unsubscription[],
): Promise<number> {
  if (entries.length === 0) return 0;
  const told = entries.map(({ id, atMs, subject: { messageId, recipientId }, will }) => ({
    ...{ id, messageId, recipientId, at: new Date(atMs) },
    detail: { host: null, reply: null, why: sentences[will] },
  }));
  const known = await recordUnsubscribed(tx, { accountId, vault }, told);
  const whose = told.filter(({ recipientId }) => known.has(recipientId));
  await noteUnsubscribed(tx, vault, whose);
  return told.length - whose.length;
}
