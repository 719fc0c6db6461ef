/** SQL of recipient states, link states and roll-up deltas. It reads and writes what it is told; it decides nothing. */
import type { RecipientStatus } from '../contract/values.ts';
import { type CellDelta, countNames, type Placement } from '../core/report/cells.ts';
import type { KindCounts } from '../core/report/kinds.ts';
import { bigints, bytes, days, instants, integers, texts, uuids } from '../platform/columns.ts';
import { join, raw, sql, type Tx } from '../platform/database.ts';
import type { LockedRecipient } from './event.ts';

interface StateRow {
  recipient_id: string;
  message_id: string;
  accepted_at: Date;
  accepted_day: string;
  campaign_id: number;
  sender_id: number;
  domain_id: number;
  link_set_id: number;
  status: RecipientStatus;
  opens_human: number;
  opens_suspected: number;
  opens_probable: number;
  opens_certain: number;
  clicks_human: number;
  clicks_suspected: number;
  clicks_probable: number;
  clicks_certain: number;
  prefetches: number;
  delivered_at: Date | null;
  delivered_via: 'mx' | 'relay' | null;
  gateway_mx: string | null;
  gateway_mx_source: 'delivery' | 'dns' | null;
  is_unsubscribed: boolean;
  is_complained: boolean;
}

/** Rows are locked in the order of their ids: two transactions over the same recipients wait, and never for each other. */
export async function lockStates(tx: Tx, accountId: string, ids: readonly string[]): Promise<LockedRecipient[]> {
  const rows = await tx.query<StateRow>(sql`
    SELECT recipient_id, message_id, accepted_at, accepted_day, campaign_id, sender_id, domain_id, link_set_id, status,
           opens_human, opens_suspected, opens_probable, opens_certain,
           clicks_human, clicks_suspected, clicks_probable, clicks_certain, prefetches,
           delivered_at, delivered_via, gateway_mx, gateway_mx_source, unsubscribed_at IS NOT NULL AS is_unsubscribed,
           complained_at IS NOT NULL AS is_complained
      FROM recipient_states
     WHERE account_id = ${accountId} AND recipient_id = ANY (${uuids(ids)}::uuid[])
     ORDER BY recipient_id
       FOR NO KEY UPDATE`);
  return rows.map(lockedRecipient);
}

const lockedRecipient = (row: StateRow): LockedRecipient => ({
  recipientId: row.recipient_id,
  messageId: row.message_id,
  acceptedAt: row.accepted_at,
  acceptedDay: row.accepted_day,
  campaignId: row.campaign_id,
  senderId: row.sender_id,
  domainId: row.domain_id,
  linkSetId: row.link_set_id,
  status: row.status,
  opens: [row.opens_human, row.opens_suspected, row.opens_probable, row.opens_certain],
  clicks: [row.clicks_human, row.clicks_suspected, row.clicks_probable, row.clicks_certain],
  prefetches: row.prefetches,
  deliveredAt: row.delivered_at,
  deliveredVia: row.delivered_via,
  gatewayMx: row.gateway_mx,
  gatewayMxSource: row.gateway_mx_source,
  isUnsubscribed: row.is_unsubscribed,
  isComplained: row.is_complained,
});

export interface NewState extends Placement {
  readonly recipientId: string;
  readonly messageId: string;
  readonly acceptedAt: Date;
}

export async function insertStates(tx: Tx, accountId: string, states: readonly NewState[]): Promise<void> {
  await tx.query(sql`
    INSERT INTO recipient_states (account_id, status, recipient_id, message_id, accepted_at, accepted_day, campaign_id,
                                  sender_id, domain_id, link_set_id)
    SELECT ${accountId}, 'queued', m.*
      FROM unnest(${uuids(states.map((state) => state.recipientId))}::uuid[],
                  ${uuids(states.map((state) => state.messageId))}::uuid[],
                  ${instants(states.map((state) => state.acceptedAt))}::timestamptz[],
                  ${days(states.map((state) => state.acceptedDay))}::date[],
                  ${bigints(states.map((state) => state.campaignId))}::bigint[],
                  ${bigints(states.map((state) => state.senderId))}::bigint[],
                  ${bigints(states.map((state) => state.domainId))}::bigint[],
                  ${bigints(states.map((state) => state.linkSetId))}::bigint[]) AS m`);
}

export interface DeliveryMove {
  readonly recipientId: string;
  readonly status: RecipientStatus;
  readonly deliveredAt: Date | null;
  readonly deliveredVia: 'mx' | 'relay' | null;
  readonly deliveredBySealed: Buffer | null;
  /** What of its name may be read; it goes with the source, and so does null. */
  readonly gatewayMx: string | null;
  readonly gatewayMxSealed: Buffer | null;
  readonly gatewayMxSource: 'delivery' | 'dns' | null;
}

/** What is null keeps what was known. */
export async function moveDeliveries(tx: Tx, accountId: string, moves: readonly DeliveryMove[]): Promise<void> {
  await tx.query(sql`
    UPDATE recipient_states s
       SET status = m.status,
           delivered_at = coalesce(m.delivered_at, s.delivered_at),
           delivered_via = coalesce(m.delivered_via, s.delivered_via),
           delivered_by_sealed = coalesce(m.delivered_by_sealed, s.delivered_by_sealed),
           gateway_mx = CASE WHEN m.gateway_mx_source IS NULL THEN s.gateway_mx ELSE m.gateway_mx END,
           gateway_mx_sealed = coalesce(m.gateway_mx_sealed, s.gateway_mx_sealed),
           gateway_mx_source = coalesce(m.gateway_mx_source, s.gateway_mx_source)
      FROM unnest(${uuids(moves.map((move) => move.recipientId))}::uuid[], ${texts(moves.map((move) => move.status))}::text[],
                  ${instants(moves.map((move) => move.deliveredAt))}::timestamptz[], ${texts(moves.map((move) => move.deliveredVia))}::text[],
                  ${bytes(moves.map((move) => move.deliveredBySealed))}::bytea[], ${texts(moves.map((move) => move.gatewayMx))}::text[],
                  ${bytes(moves.map((move) => move.gatewayMxSealed))}::bytea[], ${texts(moves.map((move) => move.gatewayMxSource))}::text[])
        AS m (recipient_id, status, delivered_at, delivered_via, delivered_by_sealed, gateway_mx, gateway_mx_sealed, gateway_mx_source)
     WHERE s.account_id = ${accountId} AND s.recipient_id = m.recipient_id`);
}

/** The rows are locked. */
export async function markUnsubscribed(
  tx: Tx,
  accountId: string,
  rows: readonly { readonly recipientId: string; readonly at: Date }[],
): Promise<void> {
  await tx.query(sql`
    UPDATE recipient_states s SET unsubscribed_at = m.at
      FROM unnest(${uuids(rows.map((row) => row.recipientId))}::uuid[], ${instants(rows.map((row) => row.at))}::timestamptz[])
        AS m (recipient_id, at)
     WHERE s.account_id = ${accountId} AND s.recipient_id = m.recipient_id`);
}

/** The row is locked. */
export const markComplained = (tx: Tx, accountId: string, recipientId: string, at: Date): Promise<unknown> =>
  tx.query(sql`
    UPDATE recipient_states SET complained_at = ${at} WHERE account_id = ${accountId} AND recipient_id = ${recipientId}`);

export interface StateHosts {
  readonly recipientId: string;
  readonly deliveredBy: string | null;
  readonly gatewayMx: string | null;
}

/** Of a message, locked in the order of their ids. */
export const lockHosts = (tx: Tx, accountId: string, messageId: string): Promise<StateHosts[]> =>
  tx.query<StateHosts>(sql`
    SELECT recipient_id AS "recipientId", delivered_by AS "deliveredBy", gateway_mx AS "gatewayMx" FROM recipient_states
     WHERE account_id = ${accountId} AND message_id = ${messageId} ORDER BY recipient_id FOR NO KEY UPDATE`);

/** No name of a server stays but what of a gateway's may be read. */
export const forgetHosts = (
  tx: Tx,
  accountId: string,
  rows: readonly { readonly recipientId: string; readonly gatewayMx: string | null }[],
): Promise<unknown> =>
  tx.query(sql`
    UPDATE recipient_states s
       SET delivered_by = NULL, delivered_by_sealed = NULL, gateway_mx = m.gateway_mx, gateway_mx_sealed = NULL
      FROM unnest(${uuids(rows.map((row) => row.recipientId))}::uuid[], ${texts(rows.map((row) => row.gatewayMx))}::text[])
        AS m (recipient_id, gateway_mx)
     WHERE s.account_id = ${accountId} AND s.recipient_id = m.recipient_id`);

export interface HitMove {
  readonly recipientId: string;
  readonly opens: KindCounts;
  readonly clicks: KindCounts;
  readonly prefetches: number;
}

const column = <T>(rows: readonly T[], pick: (row: T) => KindCounts, kind: 0 | 1 | 2 | 3): Buffer =>
  integers(rows.map((row) => pick(row)[kind]));

/** The rows are locked, so counts are written as they now are. */
export async function moveHits(tx: Tx, accountId: string, moves: readonly HitMove[]): Promise<void> {
  const opens = (kind: 0 | 1 | 2 | 3): Buffer => column(moves, (move) => move.opens, kind);
  const clicks = (kind: 0 | 1 | 2 | 3): Buffer => column(moves, (move) => move.clicks, kind);
  await tx.query(sql`
    UPDATE recipient_states s
       SET opens_human = m.o1, opens_suspected = m.o2, opens_probable = m.o4, opens_certain = m.o8,
           clicks_human = m.c1, clicks_suspected = m.c2, clicks_probable = m.c4, clicks_certain = m.c8,
           prefetches = m.prefetches
      FROM unnest(${uuids(moves.map((move) => move.recipientId))}::uuid[],
                  ${opens(0)}::int[], ${opens(1)}::int[], ${opens(2)}::int[], ${opens(3)}::int[],
                  ${clicks(0)}::int[], ${clicks(1)}::int[], ${clicks(2)}::int[], ${clicks(3)}::int[],
                  ${integers(moves.map((move) => move.prefetches))}::int[])
        AS m (recipient_id, o1, o2, o4, o8, c1, c2, c4, c8, prefetches)
     WHERE s.account_id = ${accountId} AND s.recipient_id = m.recipient_id`);
}

export interface LinkState {
  readonly recipientId: string;
  readonly linkId: number;
  readonly clicks: KindCounts;
}

interface LinkRow {
  recipient_id: string;
  link_id: number;
  clicks_human: number;
  clicks_suspected: number;
  clicks_probable: number;
  clicks_certain: number;
}

/** Links of recipients that the caller has locked: whoever holds the recipient holds its links. */
export async function loadLinkStates(tx: Tx, accountId: string, ids: readonly string[]): Promise<LinkState[]> {
  const rows = await tx.query<LinkRow>(sql`
    SELECT recipient_id, link_id, clicks_human, clicks_suspected, clicks_probable, clicks_certain
      FROM link_states
     WHERE account_id = ${accountId} AND recipient_id = ANY (${uuids(ids)}::uuid[])`);
  return rows.map((row) => ({
    recipientId: row.recipient_id,
    linkId: row.link_id,
    clicks: [row.clicks_human, row.clicks_suspected, row.clicks_probable, row.clicks_certain],
  }));
}

export interface LinkMove extends LinkState {
  readonly acceptedAt: Date;
  readonly acceptedDay: string;
  readonly campaignId: number;
}

export async function moveLinks(tx: Tx, accountId: string, moves: readonly LinkMove[]): Promise<void> {
  const clicks = (kind: 0 | 1 | 2 | 3): Buffer => column(moves, (move) => move.clicks, kind);
  await tx.query(sql`
    INSERT INTO link_states (account_id, recipient_id, link_id, accepted_at, accepted_day, campaign_id,
                             clicks_human, clicks_suspected, clicks_probable, clicks_certain)
    SELECT ${accountId}, m.*
      FROM unnest(${uuids(moves.map((move) => move.recipientId))}::uuid[], ${bigints(moves.map((move) => move.linkId))}::bigint[],
                  ${instants(moves.map((move) => move.acceptedAt))}::timestamptz[], ${days(moves.map((move) => move.acceptedDay))}::date[],
                  ${bigints(moves.map((move) => move.campaignId))}::bigint[],
                  ${clicks(0)}::int[], ${clicks(1)}::int[], ${clicks(2)}::int[], ${clicks(3)}::int[]) AS m
    ON CONFLICT (recipient_id, link_id) DO UPDATE
       SET clicks_human = EXCLUDED.clicks_human, clicks_suspected = EXCLUDED.clicks_suspected,
           clicks_probable = EXCLUDED.clicks_probable, clicks_certain = EXCLUDED.clicks_certain`);
}

const deltaColumns = raw(countNames.join(', '));

/** One row for all of them: its columns are arrays. */
export async function insertDeltas(tx: Tx, accountId: string, deltas: readonly CellDelta[]): Promise<void> {
  const counts = countNames.map((_, at) => sql`${bigints(deltas.map((delta) => delta.counts[at] ?? 0))}`);
  await tx.query(sql`
    INSERT INTO rollup_deltas (account_id, grain, day, campaign_id, key_id, ${deltaColumns})
    VALUES (${accountId}, ${texts(deltas.map((delta) => delta.grain))}, ${days(deltas.map((delta) => delta.day))},
            ${bigints(deltas.map((delta) => delta.campaignId))}, ${bigints(deltas.map((delta) => delta.keyId))},
            ${join(counts)})`);
}
