/** SQL of messages, their recipients and events as readers see them. Sealed values leave it sealed; it decides nothing. */
import type { EventType } from '../contract/messages.ts';
import type { RecipientStatus, TrackingLevel } from '../contract/values.ts';
import { empty, type Scope, type Sql, sql, type Tx } from '../platform/database.ts';
import type { Place } from './cursor.ts';
import { ofCampaigns } from './engagement-store.ts';

export interface MessageRow {
  readonly id: string;
  readonly acceptedAt: Date;
  readonly campaignId: number;
  /** Null: the account itself. */
  readonly departmentId: string | null;
  readonly headerSealed: Buffer;
  readonly linksSealed: Buffer | null;
  /** Null when the message was erased: nothing of its content opens any more. */
  readonly keySealed: Buffer | null;
}

const messageColumns = sql`
  m.id, m.accepted_at AS "acceptedAt", m.campaign_id AS "campaignId", m.department_id AS "departmentId", m.header_sealed AS "headerSealed",
  m.links_sealed AS "linksSealed", k.key_sealed AS "keySealed"`;

const ofDepartments = (departments: readonly string[] | undefined): Sql =>
  departments === undefined ? empty : sql`AND department_id = ANY (${departments}::uuid[])`;

/** Of a scope with departments, only their mail. */
export async function findMessage(
  tx: Tx,
  { accountId, departments }: Scope,
  id: string,
): Promise<MessageRow | undefined> {
  const rows = await tx.query<MessageRow>(sql`
    SELECT ${messageColumns}
      FROM messages m LEFT JOIN message_keys k ON k.account_id = m.account_id AND k.message_id = m.id
     WHERE m.account_id = ${accountId} AND m.id = ${id} ${ofDepartments(departments)}`);
  return rows[0];
}

/** Whether a legal hold covers the message. */
export async function isOnHold(tx: Tx, accountId: string, id: string): Promise<boolean> {
  const rows = await tx.query(
    sql`SELECT FROM held_messages h WHERE h.account_id = ${accountId} AND h.message_id = ${id} LIMIT 1`,
  );
  return rows.length > 0;
}

export interface RecipientRow {
  readonly id: string;
  readonly position: number;
  readonly addressSealed: Buffer;
  readonly trackingLevel: TrackingLevel;
  readonly status: RecipientStatus;
  readonly opens: number;
  readonly clicks: number;
  readonly deliveredAt: Date | null;
  readonly deliveredBy: string | null;
  readonly gatewayMx: string | null;
  readonly gatewayMxSource: 'delivery' | 'dns' | null;
  readonly deliveredBySealed: Buffer | null;
  readonly gatewayMxSealed: Buffer | null;
}

/** In the order of the message, behind a position. */
export const listRecipients = (
  tx: Tx,
  accountId: string,
  messageId: string,
  { after, rows }: { after: number; rows: number },
): Promise<RecipientRow[]> =>
  tx.query<RecipientRow>(sql`
    SELECT r.id, r.position, r.address_sealed AS "addressSealed", r.tracking_level AS "trackingLevel", s.status, s.opens, s.clicks,
           s.delivered_at AS "deliveredAt", s.delivered_by AS "deliveredBy", s.gateway_mx AS "gatewayMx",
           s.gateway_mx_source AS "gatewayMxSource", s.delivered_by_sealed AS "deliveredBySealed",
           s.gateway_mx_sealed AS "gatewayMxSealed"
      FROM recipients r
      JOIN recipient_states s ON s.account_id = r.account_id AND s.recipient_id = r.id
     WHERE r.account_id = ${accountId} AND r.message_id = ${messageId} AND r.position > ${after}
     ORDER BY r.position LIMIT ${rows}`);

/** Rows before a place, newest first. */
const before = (place: Place | undefined, at: Sql, id: Sql): Sql =>
  place === undefined ? empty : sql`AND (${at}, ${id}) < (${place.at}, ${place.id}::uuid)`;

export interface MessageListRow extends MessageRow {
  readonly recipients: number;
  readonly delivered: number;
  readonly openedByPeople: number;
  readonly opened: number;
  readonly clickedByPeople: number;
  readonly clicked: number;
}

export interface MessageListQuestion {
  readonly accountId: string;
  readonly campaigns: readonly number[] | undefined;
  readonly departments: readonly string[] | undefined;
  readonly humanBits: number;
  readonly after: Place | undefined;
  readonly rows: number;
}

/** Newest first of each department, so that an index gives the order and little mail is found among much of others. */
function newestMessages({ accountId, departments, campaigns, after, rows }: MessageListQuestion): Sql {
  const newest = (department: Sql): Sql => sql`
    SELECT * FROM messages
     WHERE account_id = ${accountId} ${department} ${ofCampaigns(campaigns)} ${before(after, sql`accepted_at`, sql`id`)}
     ORDER BY accepted_at DESC, id DESC LIMIT ${rows}`;
  if (departments === undefined) return newest(empty);
  return sql`
    SELECT of_one.* FROM unnest(${departments}::uuid[]) AS d (department)
     CROSS JOIN LATERAL (${newest(sql`AND department_id = d.department`)}) AS of_one
     ORDER BY of_one.accepted_at DESC, of_one.id DESC LIMIT ${rows}`;
}

export const listMessageRows = (tx: Tx, question: MessageListQuestion): Promise<MessageListRow[]> =>
  tx.query<MessageListRow>(sql`
    SELECT ${messageColumns}, s.*
      FROM (${newestMessages(question)}) AS m
      LEFT JOIN message_keys k ON k.account_id = m.account_id AND k.message_id = m.id
     CROSS JOIN LATERAL (
       SELECT count(*) AS recipients, count(*) FILTER (WHERE status = 'delivered') AS delivered,
              count(*) FILTER (WHERE (opens & ${question.humanBits}) <> 0 OR (clicks & ${question.humanBits}) <> 0) AS "openedByPeople",
              count(*) FILTER (WHERE opens <> 0 OR (clicks & ${question.humanBits}) <> 0) AS opened,
              count(*) FILTER (WHERE (clicks & ${question.humanBits}) <> 0) AS "clickedByPeople",
              count(*) FILTER (WHERE clicks <> 0) AS clicked
         FROM recipient_states WHERE account_id = ${question.accountId} AND message_id = m.id) AS s
     ORDER BY m.accepted_at DESC, m.id DESC`);

export interface EventRow {
  readonly id: string;
  readonly type: EventType;
  readonly occurredAt: Date;
  readonly recipientId: string | null;
  readonly linkIndex: number | null;
  readonly detailSealed: Buffer | null;
  readonly verdict: 'human' | 'automated' | null;
  readonly strength: 'certain' | 'probable' | 'suspected' | null;
  readonly actor: string | null;
  readonly unknowable: boolean | null;
  readonly reasons: { rule: string; text: string }[] | null;
  readonly ruleset: string | null;
  readonly settlesAt: Date | null;
}

export interface EventQuestion {
  readonly accountId: string;
  readonly messageId: string;
  readonly recipientId: string | undefined;
  readonly after: Place | undefined;
  readonly rows: number;
}

export const listEventRows = (
  tx: Tx,
  { accountId, messageId, recipientId, after, rows }: EventQuestion,
): Promise<EventRow[]> =>
  tx.query<EventRow>(sql`
    SELECT e.id, e.type, e.occurred_at AS "occurredAt", e.recipient_id AS "recipientId", e.link_index AS "linkIndex",
           e.detail_sealed AS "detailSealed", v.verdict, v.strength, v.actor, v.unknowable, v.reasons, v.ruleset,
           v.settles_at AS "settlesAt"
      FROM (SELECT * FROM events
             WHERE account_id = ${accountId} AND message_id = ${messageId}
               ${recipientId === undefined ? empty : sql`AND recipient_id = ${recipientId}`}
               ${after === undefined ? empty : sql`AND (occurred_at, id) > (${after.at}, ${after.id}::uuid)`}
             ORDER BY occurred_at, id LIMIT ${rows}) AS e
      LEFT JOIN verdicts v ON v.account_id = ${accountId} AND v.occurred_at = e.occurred_at AND v.event_id = e.id
     ORDER BY e.occurred_at, e.id`);

export interface ReportRecipientRow {
  readonly id: string;
  readonly messageId: string;
  readonly campaignId: number;
  readonly departmentId: string | null;
  readonly acceptedAt: Date;
  readonly status: RecipientStatus;
  readonly deliveredAt: Date | null;
  readonly opens: number;
  readonly clicks: number;
  readonly openCount: number;
  readonly clickCount: number;
  readonly addressSealed: Buffer;
  readonly keySealed: Buffer | null;
}

export type SeenFilter = 'people' | 'machines' | 'nobody' | undefined;

export interface ReportRecipientQuestion {
  readonly accountId: string;
  /** They tell departments apart too: see events/dimensions.ts. */
  readonly campaigns: readonly number[] | undefined;
  readonly domainId: number | undefined;
  readonly status: RecipientStatus | undefined;
  readonly openedBy: SeenFilter;
  readonly clickedBy: SeenFilter;
  readonly humanBits: number;
  readonly since: Date | null;
  readonly until: Date | null;
  readonly after: Place | undefined;
  readonly rows: number;
}

/** Newest first of each campaign's number, so that an index gives the order and few are found among many. */
function newestRecipients(question: ReportRecipientQuestion): Sql {
  const { campaigns, rows } = question;
  const newest = (campaign: Sql): Sql => sql`
    SELECT * FROM recipient_states
     WHERE account_id = ${question.accountId} ${campaign}
       ${question.domainId === undefined ? empty : sql`AND domain_id = ${question.domainId}`}
       ${question.status === undefined ? empty : sql`AND status = ${question.status}`}
       ${question.since === null ? empty : sql`AND accepted_at >= ${question.since}`}
       ${question.until === null ? empty : sql`AND accepted_at < ${question.until}`}
       ${openedBy(question.openedBy, question.humanBits)} ${clickedBy(question.clickedBy, question.humanBits)}
       ${before(question.after, sql`accepted_at`, sql`recipient_id`)}
     ORDER BY accepted_at DESC, recipient_id DESC LIMIT ${rows}`;
  if (campaigns === undefined || campaigns.length === 1) return newest(ofCampaigns(campaigns));
  return sql`
    SELECT of_one.* FROM unnest(${campaigns}::bigint[]) AS c (campaign)
     CROSS JOIN LATERAL (${newest(sql`AND campaign_id = c.campaign`)}) AS of_one
     ORDER BY of_one.accepted_at DESC, of_one.recipient_id DESC LIMIT ${rows}`;
}

export const listReportRecipientRows = (tx: Tx, question: ReportRecipientQuestion): Promise<ReportRecipientRow[]> =>
  tx.query<ReportRecipientRow>(sql`
    SELECT s.recipient_id AS id, s.message_id AS "messageId", s.campaign_id AS "campaignId", s.accepted_at AS "acceptedAt",
           s.status, s.delivered_at AS "deliveredAt", s.opens, s.clicks,
           s.opens_human + s.opens_suspected + s.opens_probable + s.opens_certain AS "openCount",
           s.clicks_human + s.clicks_suspected + s.clicks_probable + s.clicks_certain AS "clickCount",
           r.address_sealed AS "addressSealed", k.key_sealed AS "keySealed", m.department_id AS "departmentId"
      FROM (${newestRecipients(question)}) AS s
      JOIN recipients r ON r.account_id = s.account_id AND r.id = s.recipient_id
      JOIN messages m ON m.account_id = s.account_id AND m.id = s.message_id
      LEFT JOIN message_keys k ON k.account_id = s.account_id AND k.message_id = s.message_id
     ORDER BY s.accepted_at DESC, s.recipient_id DESC`);

/** The same decision as core/report/view.ts `whoSaw`. */
function openedBy(who: SeenFilter, humanBits: number): Sql {
  if (who === undefined) return empty;
  const people = sql`((opens & ${humanBits}) <> 0 OR (clicks & ${humanBits}) <> 0)`;
  if (who === 'people') return sql`AND ${people}`;
  return who === 'machines' ? sql`AND opens <> 0 AND NOT ${people}` : sql`AND opens = 0 AND NOT ${people}`;
}

function clickedBy(who: SeenFilter, humanBits: number): Sql {
  if (who === undefined) return empty;
  const people = sql`(clicks & ${humanBits}) <> 0`;
  if (who === 'people') return sql`AND ${people}`;
  return who === 'machines' ? sql`AND clicks <> 0 AND NOT ${people}` : sql`AND clicks = 0`;
}
