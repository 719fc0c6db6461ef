/**
 * Opens and clicks that another provider saw and told of: judged and stored like those of our own edge, in the caller's
 * transaction. A hit that comes twice must be kept from here: what may only be counted leaves no trace to find it by.
 */
import type { Networks } from '@waxwing/verdict';
import { readSettings } from '../accounts/index.ts';
import type { AccountKeys } from '../events/index.ts';
import type { Tx } from '../platform/database.ts';
import { evidenceSources } from './gather-evidence.ts';
import type { JournaledHit } from './hit.ts';
import { storeAccountHits } from './judge-hits.ts';
import { makeRequestKeysInside, requestSealer } from './seal-requests.ts';

export interface ToldHit {
  readonly id: string;
  readonly kind: 'open' | 'click';
  readonly atMs: number;
  readonly linkIndex: number | null;
  readonly ip: string | null;
  readonly userAgent: string | null;
  /** What the provider thinks of it: evidence, no verdict. */
  readonly says: 'prefetch' | 'machine' | null;
  /** Whose it was; or only of which campaign, by the day on which it was sent. */
  readonly subject:
    | { readonly messageId: string; readonly recipientId: string }
    | { readonly campaignId: number; readonly day: string };
}

export async function storeToldHits(
  tx: Tx,
  account: AccountKeys,
  hits: readonly ToldHit[],
  now: Date,
  networks?: Networks,
): Promise<{ readonly revised: number }> {
  const settings = await readSettings(tx);
  const judged = { ...account, ...evidenceSources(account.vault, networks), settings };
  const ofCopies = hits.flatMap(({ subject, ...hit }) =>
    'recipientId' in subject ? [{ hit: asJournaled(hit), ...subject }] : [],
  );
  const ofCampaigns = hits.flatMap(({ subject, ...hit }) =>
    'campaignId' in subject ? [{ hit: asJournaled(hit), ...subject }] : [],
  );
  const sources = ofCopies.map(({ hit }) => hit);
  await makeRequestKeysInside(tx, account, settings.keepRequestDays, sources, now);
  const sealRequest = await requestSealer(tx, account, settings.keepRequestDays, sources, now);
  return storeAccountHits(tx, { ...judged, sealRequest }, ofCopies, ofCampaigns, now);
}

const asJournaled = ({ says, ...hit }: Omit<ToldHit, 'subject'>): JournaledHit => ({
  ...hit,
  token: 'valid',
  subject: { kind: 'unknown' },
  isHoneypot: false,
  method: 'GET',
  isHttps: false,
  headers: {},
  ...(says === null ? {} : { providerSays: says }),
});
