/** What a bounce or a complaint means for later mail: an address that is gone, or fails again and again, gets none. */
import { record } from '../audit/index.ts';
import type { SuppressionReason, SuppressionScope } from '../contract/suppressions.ts';
import type { BounceKind } from '../core/returns/reason.ts';
import type { Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import type { AccountVault } from '../platform/vault.ts';
import { knownAddress } from './address.ts';
import { countSoftBounce, upsertSuppressions } from './store.ts';

export type ReturnNews = { readonly kind: 'bounce'; readonly bounce: BounceKind } | { readonly kind: 'complaint' };

/** So many bounces that pass, within so many days, and the address rests for so many days. */
export const softBouncesAtMost = 3;
export const softBounceDays = 30;
const dayMs = 86_400_000;

interface Ending {
  readonly reason: SuppressionReason;
  readonly scope: SuppressionScope;
  readonly days: number | null;
}

/** In the transaction that records what came back. True: the address gets no more mail, or less. */
export async function noteReturn(
  tx: Tx,
  vault: Pick<AccountVault, 'index' | 'seal'>,
  news: ReturnNews & { readonly address: string; readonly at: Date },
): Promise<boolean> {
  const { email, index } = knownAddress(vault, news.address);
  const ending = await endingOf(tx, news, index);
  if (ending === undefined) return false;
  const { reason, scope, days } = ending;
  const expiresAt = days === null ? null : new Date(news.at.getTime() + days * dayMs);
  const addressSealed = vault.seal('suppression.address', email);
  await upsertSuppressions(tx, [{ addressIndex: index, addressSealed, reason, scope, createdAt: news.at, expiresAt }]);
  await record(tx, {
    at: news.at,
    actor: { kind: 'system', id: 'returns' },
    action: 'suppression.set',
    object: { kind: 'suppression', id: index.toString('hex') },
    detail: { reason, scope },
  });
  return true;
}

async function endingOf(
  tx: Tx,
  news: ReturnNews & { readonly at: Date },
  addressIndex: Buffer,
): Promise<Ending | undefined> {
  // Whoever calls a newsletter unwanted must not miss a result of the laboratory by it.
  if (news.kind === 'complaint') return { reason: 'complaint', scope: 'marketing', days: null };
  if (news.bounce === 'hard') return { reason: 'hard-bounce', scope: 'all', days: null };
  // A block, a policy or a size says something of our mail, and nothing of the address.
  if (!['soft', 'full', 'unknown'].includes(news.bounce)) return undefined;
  const since = new Date(news.at.getTime() - softBounceDays * dayMs);
  const bounces = await countSoftBounce(tx, { id: newId(news.at), addressIndex, at: news.at, since });
  return bounces < softBouncesAtMost ? undefined : { reason: 'soft-bounces', scope: 'all', days: softBounceDays };
}
