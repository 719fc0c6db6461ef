/** SQL of events, their verdicts and the changes of verdicts. Details come sealed and leave sealed. */
import type { EventType } from '../contract/messages.ts';
import { bytes, instants, integers, jsons, texts, uuids } from '../platform/columns.ts';
import { sql, type Tx } from '../platform/database.ts';
import type { HitVerdict } from './event.ts';

export interface NewEvent {
  readonly id: string;
  readonly occurredAt: Date;
  readonly recordedAt: Date;
  readonly type: EventType;
  readonly messageId: string;
  readonly recipientId: string | null;
  readonly linkIndex: number | null;
  readonly sourceKey: Uint8Array | null;
  readonly detailSealed: Uint8Array | null;
}

/**
 * Gives the ids that were new: an event that is there already is left as it is. What somebody waits to be told of is fed to
 * them in the same statement; where nobody does, that is one look at an empty table.
 */
export async function insertEvents(tx: Tx, accountId: string, events: readonly NewEvent[]): Promise<Set<string>> {
  const rows = await tx.query<{ id: string }>(sql`
    WITH stored AS (
      ${insertion(accountId, events)} ON CONFLICT DO NOTHING
      RETURNING id, type, occurred_at, message_id, recipient_id),
    fed AS (
      INSERT INTO event_feed (account_id, events)
      SELECT ${accountId}, jsonb_agg(jsonb_build_object('id', s.id, 'type', s.type, 'at', s.occurred_at,
                                       'messageId', s.message_id, 'recipientId', s.recipient_id) ORDER BY s.occurred_at, s.id)
        FROM event_wishes w JOIN stored s ON s.type = ANY (w.types) AND s.type NOT IN ('opened', 'clicked')
       WHERE w.account_id = ${accountId}
      HAVING count(*) > 0)
    SELECT id FROM stored`);
  return new Set(rows.map((row) => row.id));
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html: unique_violation */
const uniqueViolation = '23505';

/**
 * The same for events that are new but for rare accidents, such as a journal put back from a backup: they are looked for
 * only when one is met, since looking costs a fourth of the insertion.
 */
export async function insertFreshEvents(tx: Tx, accountId: string, events: readonly NewEvent[]): Promise<Set<string>> {
  await tx.query(sql`SAVEPOINT fresh_events`);
  try {
    await tx.query(insertion(accountId, events));
    await tx.query(sql`RELEASE SAVEPOINT fresh_events`);
    return new Set(events.map((event) => event.id));
  } catch (error) {
    if ((error as { code?: unknown }).code !== uniqueViolation) throw error;
    await tx.query(sql`ROLLBACK TO SAVEPOINT fresh_events`);
    return insertEvents(tx, accountId, events);
  }
}

const insertion = (accountId: string, events: readonly NewEvent[]) => sql`
    INSERT INTO events (account_id, id, occurred_at, recorded_at, type, message_id, recipient_id, link_index, source_key,
                        detail_sealed)
    SELECT ${accountId}, m.*
      FROM unnest(${uuids(events.map((event) => event.id))}::uuid[], ${instants(events.map((event) => event.occurredAt))}::timestamptz[],
                  ${instants(events.map((event) => event.recordedAt))}::timestamptz[], ${texts(events.map((event) => event.type))}::text[],
                  ${uuids(events.map((event) => event.messageId))}::uuid[], ${uuids(events.map((event) => event.recipientId))}::uuid[],
                  ${integers(events.map((event) => event.linkIndex))}::int[], ${bytes(events.map((event) => event.sourceKey))}::bytea[],
                  ${bytes(events.map((event) => event.detailSealed))}::bytea[]) AS m`;

export interface NewVerdict extends HitVerdict {
  readonly eventId: string;
  readonly occurredAt: Date;
}

/** What many hits of a batch share word for word is sent once, and named by its place. */
function shared(values: readonly string[]): { distinct: string[]; places: number[] } {
  const place = new Map<string, number>();
  const places = values.map((value) => {
    const at = place.get(value) ?? place.size + 1;
    place.set(value, at);
    return at;
  });
  return { distinct: [...place.keys()], places };
}

const opinionText = ({ verdict, strength, actor, unknowable, reasons, ruleset }: HitVerdict): string =>
  JSON.stringify({ verdict, strength, actor, unknowable, reasons, ruleset });

const verdictColumns = (verdicts: readonly NewVerdict[]) => {
  const { distinct, places } = shared(verdicts.map(opinionText));
  return sql`
    (SELECT hit.event_id, hit.occurred_at, o.verdict, o.strength, o.actor, o.unknowable, o.reasons, o.ruleset, hit.judged_at,
            hit.settles_at
       FROM unnest(${uuids(verdicts.map((verdict) => verdict.eventId))}::uuid[],
                   ${instants(verdicts.map((verdict) => verdict.occurredAt))}::timestamptz[], ${integers(places)}::int[],
                   ${instants(verdicts.map((verdict) => verdict.judgedAt))}::timestamptz[],
                   ${instants(verdicts.map((verdict) => verdict.settlesAt))}::timestamptz[])
              AS hit (event_id, occurred_at, place, judged_at, settles_at)
       JOIN (SELECT place, opinion.*
               FROM unnest(${jsons(distinct)}::jsonb[]) WITH ORDINALITY AS d (text, place)
              CROSS JOIN LATERAL jsonb_to_record(d.text)
                AS opinion (verdict text, strength text, actor text, unknowable boolean, reasons jsonb, ruleset text)) AS o
         ON o.place = hit.place) AS m`;
};

export async function insertVerdicts(tx: Tx, accountId: string, verdicts: readonly NewVerdict[]): Promise<void> {
  await tx.query(sql`
    INSERT INTO verdicts (account_id, event_id, occurred_at, verdict, strength, actor, unknowable, reasons, ruleset,
                          judged_at, settles_at)
    SELECT ${accountId}, m.* FROM ${verdictColumns(verdicts)}`);
}

export async function replaceVerdicts(tx: Tx, accountId: string, verdicts: readonly NewVerdict[]): Promise<void> {
  await tx.query(sql`
    UPDATE verdicts v
       SET verdict = m.verdict, strength = m.strength, actor = m.actor, unknowable = m.unknowable, reasons = m.reasons,
           ruleset = m.ruleset, judged_at = m.judged_at, settles_at = m.settles_at
      FROM ${verdictColumns(verdicts)}
     WHERE v.account_id = ${accountId} AND v.occurred_at = m.occurred_at AND v.event_id = m.event_id`);
}

export interface VerdictChange {
  readonly id: string;
  readonly eventId: string;
  readonly occurredAt: Date;
  readonly changedAt: Date;
  readonly was: object;
  readonly became: object;
}

export async function insertVerdictChanges(
  tx: Tx,
  accountId: string,
  changes: readonly VerdictChange[],
  runId: string | null,
): Promise<void> {
  await tx.query(sql`
    INSERT INTO verdict_changes (account_id, run_id, id, event_id, occurred_at, changed_at, was, became)
    SELECT ${accountId}, ${runId}::uuid, m.*
      FROM unnest(${uuids(changes.map((change) => change.id))}::uuid[], ${uuids(changes.map((change) => change.eventId))}::uuid[],
                  ${instants(changes.map((change) => change.occurredAt))}::timestamptz[],
                  ${instants(changes.map((change) => change.changedAt))}::timestamptz[],
                  ${jsons(changes.map((change) => JSON.stringify(change.was)))}::jsonb[],
                  ${jsons(changes.map((change) => JSON.stringify(change.became)))}::jsonb[]) AS m`);
}

export interface StoredHitRow {
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
  reasons: HitVerdict['reasons'];
  ruleset: string;
  judged_at: Date;
  settles_at: Date;
}

export interface SequenceBounds {
  readonly since: Date;
  readonly hitsPerRecipient: number;
}

/** The newest hits of each recipient. The bounds keep one noisy recipient, or one old partition, from costing a scan. */
export const selectSequences = (
  tx: Tx,
  accountId: string,
  recipientIds: readonly string[],
  bounds: SequenceBounds,
): Promise<StoredHitRow[]> =>
  tx.query<StoredHitRow>(sql`
    SELECT hit.id, hit.occurred_at, hit.type, hit.message_id, hit.recipient_id, hit.link_index, hit.source_key,
           hit.detail_sealed, v.verdict, v.strength, v.actor, v.unknowable, v.reasons, v.ruleset, v.judged_at, v.settles_at
      FROM unnest(${uuids(recipientIds)}::uuid[]) AS wanted (recipient_id)
     CROSS JOIN LATERAL (
       SELECT * FROM events e
        WHERE e.account_id = ${accountId} AND e.recipient_id = wanted.recipient_id AND e.type IN ('opened', 'clicked')
          AND e.occurred_at >= ${bounds.since}
        ORDER BY e.occurred_at DESC
        LIMIT ${bounds.hitsPerRecipient}) AS hit
      JOIN verdicts v ON v.account_id = ${accountId} AND v.occurred_at = hit.occurred_at AND v.event_id = hit.id`);

export interface SourceRow {
  source_key: Buffer;
  recipient_id: string;
  occurred_at: Date;
}

export interface SourceBounds {
  readonly since: Date;
  readonly until: Date;
  readonly hitsPerSource: number;
}

export const selectSources = (
  tx: Tx,
  accountId: string,
  sourceKeys: readonly Uint8Array[],
  bounds: SourceBounds,
): Promise<SourceRow[]> =>
  tx.query<SourceRow>(sql`
    SELECT wanted.source_key, hit.recipient_id, hit.occurred_at
      FROM unnest(${bytes(sourceKeys)}::bytea[]) AS wanted (source_key)
     CROSS JOIN LATERAL (
       SELECT e.recipient_id, e.occurred_at FROM events e
        WHERE e.account_id = ${accountId} AND e.source_key = wanted.source_key AND e.recipient_id IS NOT NULL
          AND e.occurred_at BETWEEN ${bounds.since} AND ${bounds.until}
        ORDER BY e.occurred_at DESC
        LIMIT ${bounds.hitsPerSource}) AS hit`);
