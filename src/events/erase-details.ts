/**
 * Seals the details of an erased message's events anew, without what they echoed of people: the addresses and agents of
 * hits, the words of remote servers. Verdicts and the evidence they rest on stay, and so do all counts.
 */
import { bytes, instants, uuids } from '../platform/columns.ts';
import { sql, type Tx } from '../platform/database.ts';
import { nullWhenBroken } from '../platform/vault.ts';
import type { AccountKeys, DeliveryDetail, HitDetail } from './event.ts';

const eventsPerPage = 1_000;

interface DetailRow {
  id: string;
  at: Date;
  is_hit: boolean;
  detail_sealed: Buffer;
}

/** In the transaction that erases the message, after it is marked. Gives how many details were sealed anew. */
export async function eraseDetails(tx: Tx, account: AccountKeys, messageId: string): Promise<number> {
  let after: DetailRow | undefined;
  for (let erased = 0; ; ) {
    const page = await readPage(tx, account.accountId, messageId, after);
    const opened = page.flatMap((row) => withoutPeople(row, account.vault));
    if (opened.length > 0) await replace(tx, messageId, opened, account);
    erased += opened.length;
    after = page.at(-1);
    if (page.length < eventsPerPage) return erased;
  }
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
  readonly detail: string;
}

const replace = (tx: Tx, messageId: string, some: readonly Stripped[], { vault }: AccountKeys): Promise<unknown> =>
  tx.query(sql`
    SELECT replace_details_of_erased(${messageId}, ${instants(some.map((one) => one.at))}::timestamptz[],
      ${uuids(some.map((one) => one.id))}::uuid[],
      ${bytes(some.map((one) => vault.seal('event.detail', one.detail)))}::bytea[])`);

/** What is broken opens for nobody any more: it stays as it is, and does not keep the rest from going. */
function withoutPeople(
  { id, at, is_hit: isHit, detail_sealed: sealed }: DetailRow,
  vault: AccountKeys['vault'],
): Stripped[] {
  const text = openedOrNull(vault, sealed);
  if (text === null) return [];
  return [{ id, at, detail: JSON.stringify(isHit ? hitWithoutPeople(text) : deliveryWithoutPeople(text)) }];
}

function openedOrNull(vault: AccountKeys['vault'], sealed: Buffer): string | null {
  try {
    return vault.open('event.detail', sealed).toString();
  } catch (error) {
    return nullWhenBroken(error);
  }
}

function hitWithoutPeople(text: string): HitDetail {
  const { request, evidence } = JSON.parse(text) as HitDetail;
  return { request: { method: request.method, token: request.token, ip: null, userAgent: null }, evidence };
}

function deliveryWithoutPeople(text: string): DeliveryDetail {
  const { host, why } = JSON.parse(text) as DeliveryDetail;
  return { host, reply: null, why };
}
