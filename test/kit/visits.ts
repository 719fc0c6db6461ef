/** Requests for pixels and links by people and machines of the usual kinds, judged and stored as the drain does it. */
import { randomUUID } from 'node:crypto';
import { builtInNetworks, type Networks } from '@waxwing/verdict';
import { readSettings } from '../../src/accounts/index.ts';
import type { AccountKeys } from '../../src/events/index.ts';
import type { World } from '../../src/platform/world.ts';
import { evidenceSources } from '../../src/tracking/gather-evidence.ts';
import type { JournaledHit } from '../../src/tracking/hit.ts';
import { type CopyHit, storeAccountHits } from '../../src/tracking/judge-hits.ts';
import { makeRequestKeys, requestSealer } from '../../src/tracking/seal-requests.ts';
import type { SentMail } from './mail.ts';

export interface Visit {
  readonly kind: 'open' | 'click';
  readonly atMs: number;
  readonly link?: number;
  readonly ip: string;
  readonly userAgent: string;
  readonly method?: string;
}

export const agents = {
  chrome:
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  iphone:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148',
  gmail: 'Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)',
  apple: 'Mozilla/5.0',
} as const;

export const hitOf = (visit: Visit): JournaledHit => ({
  id: randomUUID(),
  atMs: visit.atMs,
  kind: visit.kind,
  token: 'valid',
  subject: { kind: 'unknown' },
  linkIndex: visit.link ?? null,
  isHoneypot: false,
  method: visit.method ?? 'GET',
  ip: visit.ip,
  isHttps: true,
  userAgent: visit.userAgent,
  headers: { accept: '*/*', 'accept-language': 'en', 'sec-ch-ua': '"x"', 'sec-fetch-mode': 'navigate' },
});

export const hitsOf = (
  { messageId }: Pick<SentMail, 'messageId'>,
  recipientId: string,
  visits: readonly Visit[],
): CopyHit[] => visits.map((visit) => ({ hit: hitOf(visit), messageId, recipientId }));

/** By the account's settings, in a transaction as the drain's. */
export async function storeVisits(
  world: Pick<World, 'db' | 'clock'>,
  account: AccountKeys,
  hits: readonly CopyHit[],
  networks: Networks = builtInNetworks,
): Promise<void> {
  const now = world.clock.now();
  const journaled = hits.map(({ hit }) => hit);
  await makeRequestKeys(world, account, journaled);
  await world.db.asAccount(account.accountId, async (tx) => {
    const settings = await readSettings(tx);
    const sealRequest = await requestSealer(tx, account, settings.keepRequestDays, journaled, now);
    const opened = { ...account, ...evidenceSources(account.vault, networks), settings, sealRequest };
    await storeAccountHits(tx, opened, hits, [], now);
  });
}
