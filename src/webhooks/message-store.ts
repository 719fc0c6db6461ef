/** SQL of what endpoints are told: its numbers, what came of each try, and telling it again. */
import { empty, sql, type Tx } from '../platform/database.ts';

export interface NumberedMessage {
  readonly sequence: number;
  readonly eventId: string;
  readonly type: string;
  readonly occurredAt: Date;
  readonly data: object;
  readonly tries: number;
  readonly firstTriedAt: Date | null;
}

/** Something of no event, under the endpoint's next number. Undefined: there is no such endpoint, or it is switched off. */
export async function insertTest(
  tx: Tx,
  endpointId: string,
  test: { readonly eventId: string; readonly type: string; readonly at: Date },
): Promise<number | undefined> {
  const rows = await tx.query<{ sequence: number }>(sql`
    WITH told AS (
      UPDATE webhook_endpoints
         SET last_sequence = last_sequence + 1, next_at = ${test.at}, paused_until = NULL
       WHERE account_id = current_account() AND id = ${endpointId} AND is_enabled RETURNING last_sequence)
    INSERT INTO webhook_messages (account_id, endpoint_id, sequence, event_id, type, data, occurred_at, made_at, due_at)
    SELECT current_account(), ${endpointId}, last_sequence, ${test.eventId}, ${test.type}, '{}', ${test.at}, ${test.at}, ${test.at}
      FROM told RETURNING sequence`);
  return rows[0]?.sequence;
}

export interface AttemptRow {
  readonly at: Date;
  readonly outcome: string;
  readonly status: number | null;
  readonly durationMs: number;
}

export interface DeliveryRow {
  readonly sequence: number;
  readonly eventId: string;
  readonly type: string;
  readonly occurredAt: Date;
  readonly state: 'waiting' | 'delivered' | 'given_up';
  readonly isReplay: boolean;
  readonly dueAt: Date;
  readonly tries: number;
  readonly attempts: readonly (Omit<AttemptRow, 'at'> & { readonly at: string })[];
}

interface DeliveryPage {
  readonly endpointId: string;
  readonly state?: string | undefined;
  /** Only numbers below it. */
  readonly before: number | null;
  readonly limit: number;
}

export const listDeliveryRows = (tx: Tx, { endpointId, state, before, limit }: DeliveryPage): Promise<DeliveryRow[]> =>
  tx.query<DeliveryRow>(sql`
    SELECT m.sequence, m.event_id AS "eventId", m.type, m.occurred_at AS "occurredAt", m.state, m.is_replay AS "isReplay",
           m.due_at AS "dueAt", m.tries,
           coalesce((SELECT jsonb_agg(jsonb_build_object('at', a.at, 'outcome', a.outcome, 'status', a.status,
                                                         'durationMs', a.duration_ms) ORDER BY a.at DESC)
                       FROM (SELECT * FROM webhook_attempts a
                              WHERE a.account_id = current_account() AND a.endpoint_id = m.endpoint_id
                                AND a.sequence = m.sequence ORDER BY a.at DESC LIMIT 20) AS a), '[]') AS attempts
      FROM webhook_messages m
     WHERE m.account_id = current_account() AND m.endpoint_id = ${endpointId}
       AND m.sequence < coalesce(${before}::bigint, 9223372036854775807)
       ${state === undefined ? empty : sql`AND m.state = ${state}`}
     ORDER BY m.sequence DESC LIMIT ${limit}`);

const again = (endpointId: string, at: Date) => sql`
  UPDATE webhook_messages SET state = 'waiting', is_replay = true, due_at = ${at}, tries = 0, first_tried_at = NULL
   WHERE account_id = current_account() AND endpoint_id = ${endpointId}`;

/** False: the endpoint was told of no such thing, or it was too long ago. */
export async function replayOne(tx: Tx, endpointId: string, sequence: number, at: Date): Promise<boolean> {
  const rows = await tx.query(sql`${again(endpointId, at)} AND sequence = ${sequence} RETURNING sequence`);
  return rows.length === 1;
}

interface Span {
  readonly since: Date;
  /** Exclusive. */
  readonly until: Date;
}

/** Of what happened in that time; what waits for its first success already is left as it is. */
export async function countReplayable(tx: Tx, endpointId: string, span: Span, most: number): Promise<number> {
  const rows = await tx.query<{ n: number }>(sql`
    SELECT count(*)::int AS n FROM (
      SELECT FROM webhook_messages
       WHERE account_id = current_account() AND endpoint_id = ${endpointId} AND state <> 'waiting'
         AND occurred_at >= ${span.since} AND occurred_at < ${span.until} LIMIT ${most + 1}) AS counted`);
  return rows[0]?.n ?? 0;
}

export const replaySpan = (tx: Tx, endpointId: string, span: Span, at: Date): Promise<unknown> =>
  tx.query(sql`
    ${again(endpointId, at)} AND state <> 'waiting' AND occurred_at >= ${span.since} AND occurred_at < ${span.until}`);

/** Somebody asks: it is looked at now, also when it was to be left alone for a while. */
export const wakeEndpoint = (tx: Tx, endpointId: string, at: Date): Promise<unknown> =>
  tx.query(sql`
    UPDATE webhook_endpoints SET next_at = ${at}, paused_until = NULL
     WHERE account_id = current_account() AND id = ${endpointId} AND is_enabled`);
