/**
 * Seals the details of an erased message's events anew, without what they echoed of people: the addresses and agents of
 * hits, the words of remote servers. Verdicts and the evidence they rest on stay, and so do all counts.
 */
import { bytes, instants, uuids } from '../platform/columns.ts';
import { sql, type Tx } from '../platform/database.ts';
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
    if (page.length > 0) await replace(tx, messageId, page, account);
    erased += page.length;
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

const replace = (tx: Tx, messageId: string, page: readonly DetailRow[], { vault }: AccountKeys): Promise<unknown> =>
  tx.query(sql`
    SELECT replace_details_of_erased(${messageId}, ${instants(page.map((row) => row.at))}::timestamptz[],
      ${uuids(page.map((row) => row.id))}::uuid[],
      ${bytes(page.map((row) => vault.seal('event.detail', withoutPeople(row, vault))))}::bytea[])`);

function withoutPeople(row: DetailRow, vault: AccountKeys['vault']): string {
  const detail: unknown = JSON.parse(vault.open('event.detail', row.detail_sealed).toString());
  if (row.is_hit) {
    const { request, evidence } = detail as HitDetail;
    const { method, token } = request;
    return JSON.stringify({ request: { method, token, ip: null, userAgent: null }, evidence } satisfies HitDetail);
  }
  const { host, why } = detail as DeliveryDetail;
  return JSON.stringify({ host, reply: null, why } satisfies DeliveryDetail);
}
