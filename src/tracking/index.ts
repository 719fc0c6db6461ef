/** The door of the tracking area: the edge, the drain, the URLs that lead to them, and what recipients agreed to. */
import type { Networks } from '@waxwing/verdict';
import { readSettings } from '../accounts/index.ts';
import type { AccountKeys } from '../events/index.ts';
import type { Tx } from '../platform/database.ts';
import { evidenceSources } from './gather-evidence.ts';
import { rejudge } from './judge-hits.ts';

export { consentLevels } from './consents.ts';
export { startKeyDestruction } from './destroy-request-keys.ts';
export { hitCounter } from './hit-counter.ts';
export { judgingAgain, type StoredCopy } from './judge-again.ts';
export { isHoneypotHit, restoreEvidence as readKeptEvidence } from './kept-evidence.ts';
export { knownRules } from './known-rules.ts';
export { trackingRoutes } from './routes.ts';
export { type OpenRequest, requestOpener } from './seal-requests.ts';
export { type SourceMark, spreadWindowMs } from './source-spread.ts';
export { startDrain, startDrainThread } from './start-drain.ts';
export { type Edge, startEdge } from './start-edge.ts';
export { storeUnsubscriptions } from './store-unsubscriptions.ts';
export { tokenKeys, unsubscribeKeys } from './token-keys.ts';
export { storeToldHits, type ToldHit } from './told-hits.ts';
export { newHandle, type TrackingUrls, trackingUrlOctets, trackingUrls, unsubscribeUrlOf } from './tracking-urls.ts';

/**
 * Judges what these recipients' hits were once more, in the transaction that recorded something new about them, such as
 * their delivery. Gives how many verdicts changed.
 */
export async function rejudgeRecipients(
  tx: Tx,
  account: AccountKeys,
  recipientIds: readonly string[],
  now: Date,
  /** Default: the facts that come with the ruleset. */
  networks?: Networks,
): Promise<number> {
  const settings = await readSettings(tx);
  return rejudge(tx, { ...account, ...evidenceSources(account.vault, networks), settings }, recipientIds, now);
}
