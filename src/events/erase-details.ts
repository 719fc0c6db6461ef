/**
 * Seals the details of an erased message's events anew, without what they echoed of people: the addresses and agents of
 * hits, the words and names of remote servers. Verdicts and the evidence they rest on stay, and so do all counts.
 */
import { bytes, instants, uuids } from '../platform/columns.ts';
import { sql, type Tx } from '../platform/database.ts';
import { isUnderMessageKey } from '../platform/message-seal.ts';
import { nullWhenBroken, type Sealer } from '../platform/vault.ts';
import { openDelivery, sealDelivery } from './delivery-detail.ts';
import type { AccountKeys, HitDetail } from './event.ts';
import { gatewayName } from './mail-hosts.ts';
import { forgetHosts, lockHosts } from './state-store.ts';

const eventsPerPage = 1_000;

interface DetailRow {
  id: string;
  at: Date;
  is_hit: boolean;
  detail_sealed: Buffer;
}

export interface ErasedDetails {
  readonly eventDetails: number;
  /** Some named people under the account's key, as they did once: copies in backups do not end with the message's key. */
  readonly areOlder: boolean;
}

/**
 * In the transaction that erases the message, after it is marked. Gives how many details were sealed anew.
 * @param sealer the message's own, taken out just now; null: it was gone before.
 */
export async function eraseDetails(
  tx: Tx,
  account: AccountKeys,
  messageId: string,
  sealer: Sealer | null,
): Promise<ErasedDetails> {
  let after: DetailRow | undefined;
  let areOlder = await forgetNames(tx, account.accountId, messageId);
  for (let eventDetails = 0; ; ) {
    const page = await readPage(tx, account.accountId, messageId, after);
    const stripped = page.flatMap((row) => withoutPeople(row, account.vault, sealer));
    if (stripped.length > 0) await replace(tx, messageId, stripped);
    eventDetails += stripped.length;
    areOlder ||= stripped.some(({ wasOlder }) => wasOlder);
    after = page.at(-1);
    if (page.length < eventsPerPage) return { eventDetails, areOlder };
  }
}

/** Whether some were readable, as they were once. */
async function forgetNames(tx: Tx, accountId: string, messageId: string): Promise<boolean> {
  const hosts = await lockHosts(tx, accountId, messageId);
  const after = hosts.map(({ recipientId, gatewayMx }) => ({
    recipientId,
    gatewayMx: gatewayMx === null ? null : gatewayName(gatewayMx),
  }));
  if (after.length > 0) await forgetHosts(tx, accountId, after);
  return hosts.some(
    ({ deliveredBy, gatewayMx }, place) => deliveredBy !== null || gatewayMx !== after[place]?.gatewayMx,
  );
}

const readPage = (tx: Tx, accountId: string, messageId: string, after: DetailRow | undefined): Promise<DetailRow[]> =>
  tx.query<DetailRow>(sql`
    SELECT id, occurred_at AS at, type IN ('opened', 'clicked') AS is_hit, detail_sealed FROM events
     WHERE account_id = ${accountId} AND message_id = ${messageId} AND detail_sealed IS NOT NULL
       AND (occurred_at, id) > (coalesce(${after?.at ?? null}::timestamptz, '-infinity'), coalesce(${after?.id ?? null}::uuid, '00000000-0000-0000-0000-000000000000'))
     ORDER BY occurred_at, id LIMIT ${eventsPerPage}`);

interface Stripped {
  readonly id: string;
  readonly at: Date;
  readonly sealed: Buffer;
  readonly wasOlder: boolean;
}

const replace = (tx: Tx, messageId: string, some: readonly Stripped[]): Promise<unknown> =>
  tx.query(sql`
    SELECT replace_details_of_erased(${messageId}, ${instants(some.map((one) => one.at))}::timestamptz[],
      ${uuids(some.map((one) => one.id))}::uuid[], ${bytes(some.map((one) => one.sealed))}::bytea[])`);

/** What is broken opens for nobody any more: it stays as it is, and does not keep the rest from going. */
function withoutPeople(row: DetailRow, vault: AccountKeys['vault'], sealer: Sealer | null): Stripped[] {
  try {
    const stripped = row.is_hit ? hitWithoutPeople(row, vault) : deliveryWithoutPeople(row, vault, sealer);
    return stripped === null ? [] : [{ id: row.id, at: row.at, ...stripped }];
  } catch (error) {
    return nullWhenBroken(error) ?? [];
  }
}

type Anew = Pick<Stripped, 'sealed' | 'wasOlder'>;

function hitWithoutPeople({ detail_sealed: sealed }: DetailRow, vault: AccountKeys['vault']): Anew {
  const { request, evidence } = JSON.parse(vault.open('event.detail', sealed).toString()) as HitDetail;
  const { method, token, kept, ip, userAgent } = request;
  const detail: HitDetail = { request: { method, token, ip: null, userAgent: null }, evidence };
  const wasOlder = (kept ?? ip ?? userAgent ?? null) !== null;
  return { sealed: vault.seal('event.detail', JSON.stringify(detail)), wasOlder };
}

/** Null: it ended with the message's key. */
function deliveryWithoutPeople(
  { detail_sealed: sealed }: DetailRow,
  vault: AccountKeys['vault'],
  sealer: Sealer | null,
): Anew | null {
  const detail = openDelivery({ account: vault, message: sealer }, sealed);
  if (detail === null) return null;
  const wasOlder = !isUnderMessageKey(sealed) && (detail.reply !== null || detail.host !== null);
  return { sealed: sealDelivery(vault, null, detail), wasOlder };
}
