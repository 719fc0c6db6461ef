/**
 * SQL of the feed: what is told of an account's events to whoever waits for them, and what they wait for. Ids and kinds
 * only. What attempts came to is fed where it is stored (event-store.ts).
 */
import { texts, uuids } from '../platform/columns.ts';
import { sql, type Tx, type WorkerTx } from '../platform/database.ts';

/** An event as the feed has it; `type` of a hit tells its verdict, such as `clicked.automated`. */
export interface FedEvent {
  readonly id: string;
  readonly type: string;
  readonly at: string;
  readonly messageId: string;
  readonly recipientId: string | null;
  readonly linkIndex?: number | null;
  readonly verdict?: 'human' | 'automated';
  readonly strength?: string;
  readonly actor?: string;
}

/** From now on nothing but these is fed, in the account of the transaction. */
export const wishForEvents = (tx: Tx, types: readonly string[]): Promise<unknown> =>
  types.length === 0
    ? tx.query(sql`DELETE FROM event_wishes WHERE account_id = current_account()`)
    : tx.query(sql`
        INSERT INTO event_wishes (account_id, types) VALUES (current_account(), ${texts(types)}::text[])
        ON CONFLICT (account_id) DO UPDATE SET types = EXCLUDED.types`);

/** In the transaction that erases the message. */
export const feedErased = (tx: Tx, erased: { readonly id: string; readonly messageId: string; readonly at: Date }) =>
  tx.query(sql`
    INSERT INTO event_feed (account_id, events)
    SELECT w.account_id, jsonb_build_array(jsonb_build_object('id', ${erased.id}::uuid, 'type', 'erased',
             'at', ${erased.at}::timestamptz, 'messageId', ${erased.messageId}::uuid, 'recipientId', NULL))
      FROM event_wishes w WHERE w.account_id = current_account() AND 'erased' = ANY (w.types)`);

/**
 * Of hits, as they are judged now, when their verdicts have settled. They belong to these recipients; nothing of them is
 * opened.
 */
export const feedHits = (
  tx: Tx,
  { hitIds, recipientIds }: { readonly hitIds: readonly string[]; readonly recipientIds: readonly string[] },
): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO event_feed (account_id, events)
    SELECT current_account(),
           jsonb_agg(jsonb_build_object('id', hit.id, 'type', hit.told, 'at', hit.occurred_at, 'messageId', hit.message_id,
             'recipientId', hit.recipient_id, 'linkIndex', hit.link_index, 'verdict', hit.verdict,
             'strength', hit.strength, 'actor', hit.actor) ORDER BY hit.occurred_at, hit.id)
      FROM event_wishes w
      JOIN LATERAL (
        SELECT e.id, e.occurred_at, e.message_id, e.recipient_id, e.link_index, v.verdict, v.strength, v.actor,
               CASE v.verdict WHEN 'human' THEN e.type ELSE e.type || '.automated' END AS told
          FROM events e JOIN verdicts v ON v.occurred_at = e.occurred_at AND v.event_id = e.id
         WHERE e.account_id = current_account() AND v.account_id = current_account()
           AND e.recipient_id = ANY (${uuids(recipientIds)}::uuid[]) AND e.type IN ('opened', 'clicked')
           AND e.id = ANY (${uuids(hitIds)}::uuid[])
           AND e.occurred_at >= (
             SELECT min(s.accepted_at) - interval '2 days' FROM recipient_states s
              WHERE s.account_id = current_account() AND s.recipient_id = ANY (${uuids(recipientIds)}::uuid[]))
      ) AS hit ON hit.told = ANY (w.types)
     WHERE w.account_id = current_account()
    HAVING count(*) > 0`);

export async function accountsWithFeed(tx: WorkerTx, most: number): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(sql`
    WITH RECURSIVE fed AS (
      (SELECT account_id FROM event_feed ORDER BY account_id LIMIT 1)
      UNION ALL
      SELECT (SELECT f.account_id FROM event_feed f WHERE f.account_id > fed.account_id ORDER BY f.account_id LIMIT 1)
        FROM fed WHERE fed.account_id IS NOT NULL)
    SELECT account_id AS id FROM fed WHERE account_id IS NOT NULL LIMIT ${most}`);
  return rows.map(({ id }) => id);
}

/**
 * The oldest of the feed, taken out of it in the transaction that does what they are for; one at a time may. A row is taken
 * whole, and the first whatever its size.
 */
export async function takeFeed(tx: Tx, mostEvents: number): Promise<FedEvent[]> {
  const rows = await tx.query<{ events: FedEvent[] }>(sql`
    WITH taken AS (
      DELETE FROM event_feed WHERE account_id = current_account() AND id IN (
        SELECT id FROM (
          SELECT id, sum(jsonb_array_length(events)) OVER (ORDER BY id) - jsonb_array_length(events) AS earlier
            FROM (SELECT id, events FROM event_feed WHERE account_id = current_account()
                   ORDER BY id LIMIT ${mostEvents}) AS oldest) AS counted
         WHERE earlier < ${mostEvents})
      RETURNING id, events)
    SELECT events FROM taken ORDER BY id`);
  return rows.flatMap(({ events }) => events);
}
