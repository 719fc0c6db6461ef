/** SQL that walks what is stored: recipients with hits in the order of their acceptance, their hits, and what a run changed. */
import type { Flip } from '../contract/rejudging.ts';
import type { RecipientStatus } from '../contract/values.ts';
import type { Bounds } from '../core/report/days.ts';
import type { HitVerdict } from '../events/index.ts';
import { uuids } from '../platform/columns.ts';
import { empty, sql, type Tx } from '../platform/database.ts';
import type { HitPlace, Place } from './rejudgement.ts';

export interface WalkedRecipient {
  readonly id: string;
  /** PostgreSQL's text of it: a cursor loses no microsecond. */
  readonly acceptedAt: string;
  readonly domainId: number;
  readonly status: RecipientStatus;
  /** How many hits there were when the walk came by. */
  readonly hits: number;
  readonly deliveredAt: Date | null;
  readonly deliveredVia: 'mx' | 'relay' | null;
  readonly gatewayMx: string | null;
}

interface WalkedRow {
  recipient_id: string;
  accepted_at: string;
  domain_id: number;
  status: RecipientStatus;
  hits: number;
  delivered_at: Date | null;
  delivered_via: 'mx' | 'relay' | null;
  gateway_mx: string | null;
}

const noId = '00000000-0000-0000-0000-000000000000';

/** Recipients who have hits, behind a place, or with the one that the place is within. */
export async function selectRecipients(
  tx: Tx,
  accountId: string,
  walk: { readonly bounds: Bounds; readonly after: Place | null; readonly rows: number },
): Promise<WalkedRecipient[]> {
  const from = walk.after ?? { at: walk.bounds.since?.toISOString() ?? '-infinity', id: noId };
  const rows = await tx.query<WalkedRow>(sql`
    SELECT recipient_id, accepted_at::text AS accepted_at, domain_id, status, delivered_at, delivered_via, gateway_mx,
           opens_human + opens_suspected + opens_probable + opens_certain
             + clicks_human + clicks_suspected + clicks_probable + clicks_certain AS hits
      FROM recipient_states
     WHERE account_id = ${accountId} AND (accepted_at, recipient_id) > (${from.at}::timestamptz, ${from.id}::uuid)
       AND (${walk.bounds.until}::timestamptz IS NULL OR accepted_at < ${walk.bounds.until}::timestamptz)
       AND (opens <> 0 OR clicks <> 0)
     ORDER BY recipient_states.accepted_at, recipient_id
     LIMIT ${walk.rows}`);
  return rows.map((row) => ({
    id: row.recipient_id,
    acceptedAt: row.accepted_at,
    domainId: row.domain_id,
    status: row.status,
    hits: row.hits,
    deliveredAt: row.delivered_at,
    deliveredVia: row.delivered_via,
    gatewayMx: row.gateway_mx,
  }));
}

/** Reasons as text, because many are alike; details sealed. */
export interface HistoryRow {
  id: string;
  occurred_at: Date;
  type: 'opened' | 'clicked';
  message_id: string;
  recipient_id: string;
  link_index: number | null;
  source_key: Buffer | null;
  detail_sealed: Buffer;
  verdict: HitVerdict['verdict'];
  strength: HitVerdict['strength'];
  actor: string;
  unknowable: boolean;
  reasons: string;
  ruleset: string;
}

/** Behind the first place, up to and with the second. */
export interface Slice {
  readonly after: HitPlace | null;
  readonly upTo: HitPlace | null;
}

export interface HistoryQuestion {
  readonly recipientIds: readonly string[];
  /** No hit of them is older, give or take a clock: older partitions are not looked at. */
  readonly since: string;
  readonly slice: Slice | null;
}

const behind = (place: HitPlace | null) =>
  place === null ? empty : sql`AND (e.occurred_at, e.id) > (${place.at}::timestamptz, ${place.id}::uuid)`;
const upTo = (place: HitPlace | null) =>
  place === null ? empty : sql`AND (e.occurred_at, e.id) <= (${place.at}::timestamptz, ${place.id}::uuid)`;

/**
 * In no order. OFFSET 0 keeps the planner from turning a few hundred looks into indexes into a scan of a month: it does not
 * know how few recipients an array names.
 */
export const selectHistory = (tx: Tx, accountId: string, asked: HistoryQuestion): Promise<HistoryRow[]> =>
  tx.query<HistoryRow>(sql`
    SELECT hit.id, hit.occurred_at, hit.type, hit.message_id, wanted.recipient_id, hit.link_index, hit.source_key,
           hit.detail_sealed, v.verdict, v.strength, v.actor, v.unknowable, v.reasons, v.ruleset
      FROM unnest(${uuids(asked.recipientIds)}::uuid[]) AS wanted (recipient_id)
     CROSS JOIN LATERAL (
       SELECT * FROM events e
        WHERE e.account_id = ${accountId} AND e.recipient_id = wanted.recipient_id AND e.type IN ('opened', 'clicked')
          AND e.occurred_at >= ${asked.since}::timestamptz - interval '2 days'
          ${behind(asked.slice?.after ?? null)} ${upTo(asked.slice?.upTo ?? null)}
       OFFSET 0) AS hit
     CROSS JOIN LATERAL (
       SELECT verdict, strength, actor, unknowable, reasons::text AS reasons, ruleset FROM verdicts o
        WHERE o.account_id = ${accountId} AND o.occurred_at = hit.occurred_at AND o.event_id = hit.id
       OFFSET 0) AS v`);

/** Where the next so many hits of a recipient end; undefined: there are no more than that. */
export async function selectHitPlace(
  tx: Tx,
  accountId: string,
  recipientId: string,
  after: HitPlace | null,
  hits: number,
): Promise<HitPlace | undefined> {
  const [row] = await tx.query<{ at: string; id: string }>(sql`
    SELECT e.occurred_at::text AS at, e.id FROM events e
     WHERE e.account_id = ${accountId} AND e.recipient_id = ${recipientId} AND e.type IN ('opened', 'clicked') ${behind(after)}
     ORDER BY e.occurred_at, e.id
    OFFSET ${hits - 1} LIMIT 1`);
  return row;
}

interface FlipRow {
  id: string;
  event_id: string;
  occurred_at: Date;
  type: 'opened' | 'clicked';
  message_id: string;
  recipient_id: string;
  was: Flip['was'];
  became: Flip['becomes'];
}

export async function selectFlips(
  tx: Tx,
  accountId: string,
  asked: { readonly runId: string; readonly after: string | null; readonly rows: number },
): Promise<{ id: string; flip: Flip }[]> {
  const rows = await tx.query<FlipRow>(sql`
    SELECT c.id, c.event_id, c.occurred_at, e.type, e.message_id, e.recipient_id, c.was, c.became
      FROM verdict_changes c
      JOIN events e ON e.account_id = ${accountId} AND e.occurred_at = c.occurred_at AND e.id = c.event_id
     WHERE c.account_id = ${accountId} AND c.run_id = ${asked.runId} AND (${asked.after}::uuid IS NULL OR c.id > ${asked.after}::uuid)
     ORDER BY c.id
     LIMIT ${asked.rows}`);
  return rows.map((row) => ({
    id: row.id,
    flip: {
      eventId: row.event_id,
      messageId: row.message_id,
      recipientId: row.recipient_id,
      kind: row.type === 'opened' ? 'open' : 'click',
      occurredAt: row.occurred_at.toISOString(),
      was: row.was,
      becomes: row.became,
    },
  }));
}
