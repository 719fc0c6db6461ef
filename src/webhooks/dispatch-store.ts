/** SQL of numbering and telling: one process at a time works on an endpoint, under a lease. */
import { sql, type Tx, type WorkerTx } from '../platform/database.ts';
import type { NumberedMessage } from './message-store.ts';

export interface NewWebhookEvent {
  readonly id: string;
  readonly type: string;
  readonly at: string;
  readonly messageId: string;
  readonly recipientId: string | null;
  readonly linkIndex: number | null;
  readonly verdict: string | null;
  readonly strength: string | null;
  readonly actor: string | null;
}

/** The last number given; undefined: another process numbers this account's events just now. */
export async function holdFeed(tx: Tx): Promise<number | undefined> {
  const rows = await tx.query<{ n: number }>(
    sql`SELECT last_number AS n FROM webhook_feeds WHERE account_id = current_account() FOR UPDATE SKIP LOCKED`,
  );
  return rows[0]?.n;
}

/** In this order, after `last`, under the lock of the account's feed; endpoints that have nothing to do are woken. */
export async function insertNumbered(
  tx: Tx,
  last: number,
  events: readonly NewWebhookEvent[],
  now: Date,
): Promise<void> {
  await tx.query(sql`
    INSERT INTO webhook_events (account_id, number, event_id, type, occurred_at, numbered_at, message_id, recipient_id,
                                department_id, link_index, verdict, strength, actor)
    SELECT current_account(), ${last} + e.place, (e.event->>'id')::uuid, e.event->>'type', (e.event->>'at')::timestamptz,
           ${now}, (e.event->>'messageId')::uuid, (e.event->>'recipientId')::uuid, m.department_id,
           (e.event->>'linkIndex')::int, e.event->>'verdict', e.event->>'strength', e.event->>'actor'
      FROM jsonb_array_elements(${JSON.stringify(events)}::jsonb) WITH ORDINALITY AS e (event, place)
      LEFT JOIN messages m ON m.account_id = current_account() AND m.id = (e.event->>'messageId')::uuid`);
  await tx.query(sql`
    UPDATE webhook_feeds SET last_number = ${last + events.length} WHERE account_id = current_account()`);
  await tx.query(sql`
    UPDATE webhook_endpoints SET next_at = greatest(${now}::timestamptz, paused_until)
     WHERE account_id = current_account() AND is_enabled AND (next_at IS NULL OR next_at > ${now})`);
}

export interface ClaimedEndpoint {
  readonly accountId: string;
  readonly id: string;
}

export const claimEndpoints = (
  tx: WorkerTx,
  lease: { readonly id: string; readonly now: Date; readonly until: Date },
  most: number,
): Promise<ClaimedEndpoint[]> =>
  tx.query<ClaimedEndpoint>(sql`
    WITH due AS (
      SELECT id FROM webhook_endpoints
       WHERE next_at <= ${lease.now} AND (leased_until IS NULL OR leased_until <= ${lease.now})
       ORDER BY next_at LIMIT ${most} FOR UPDATE SKIP LOCKED)
    UPDATE webhook_endpoints e SET lease = ${lease.id}, leased_until = ${lease.until}
      FROM due WHERE e.id = due.id RETURNING e.account_id AS "accountId", e.id`);

/** Whether the endpoint is held by this lease, and may be told anything; it is held for so long again. */
export async function holdEndpoint(tx: Tx, id: string, lease: string, until: Date): Promise<HeldEndpoint | undefined> {
  const rows = await tx.query<HeldEndpoint>(sql`
    UPDATE webhook_endpoints SET leased_until = ${until}
     WHERE account_id = current_account() AND id = ${id} AND lease = ${lease} AND is_enabled
    RETURNING url_sealed AS "urlSealed", secret_sealed AS "secretSealed", earlier_secret_sealed AS "earlierSecretSealed",
              earlier_secret_ends_at AS "earlierSecretEndsAt", event_types AS "eventTypes",
              department_id AS "departmentId", seen_number AS "seenNumber", last_sequence AS "lastSequence", failures,
              failing_since AS "failingSince"`);
  return rows[0];
}

export interface HeldEndpoint {
  readonly urlSealed: Buffer;
  readonly secretSealed: Buffer;
  readonly earlierSecretSealed: Buffer | null;
  readonly earlierSecretEndsAt: Date | null;
  readonly eventTypes: readonly string[];
  readonly departmentId: string | null;
  readonly seenNumber: number;
  readonly lastSequence: number;
  readonly failures: number;
  readonly failingSince: Date | null;
}

export async function countWaiting(tx: Tx, endpointId: string, most: number): Promise<number> {
  const rows = await tx.query<{ n: number }>(sql`
    SELECT count(*)::int AS n FROM (
      SELECT FROM webhook_messages
       WHERE account_id = current_account() AND endpoint_id = ${endpointId} AND state = 'waiting' AND NOT is_replay
       LIMIT ${most}) AS waiting`);
  return rows[0]?.n ?? 0;
}

interface Assigning {
  readonly endpointId: string;
  readonly held: HeldEndpoint;
  readonly most: number;
  /** So many events are looked at, whether they are wished for or not. */
  readonly looked: number;
  readonly now: Date;
}

/**
 * Gives the next events their numbers at this endpoint, without gaps. Where events went unseen because they were too old,
 * one number stays free, so that the receiver sees it. Gives how many events it has come past.
 */
export async function assignNumbers(tx: Tx, { endpointId, held, most, looked, now }: Assigning): Promise<number> {
  const rows = await tx.query<{ passed: number }>(sql`
    WITH page AS (
      SELECT w.* FROM webhook_events w
       WHERE w.account_id = current_account() AND w.number > ${held.seenNumber} ORDER BY w.number LIMIT ${looked}),
    within AS (SELECT CASE WHEN ${held.departmentId}::uuid IS NULL THEN NULL
                      ELSE departments_below(current_account(), ${held.departmentId}::uuid) END AS departments),
    wished AS (
      SELECT p.*, row_number() OVER (ORDER BY p.number) AS place FROM page p, within
       WHERE p.type = ANY (SELECT unnest(e.event_types) FROM webhook_endpoints e
                            WHERE e.account_id = current_account() AND e.id = ${endpointId})
         AND (within.departments IS NULL OR p.department_id = ANY (within.departments))
       ORDER BY p.number LIMIT ${most}),
    lost AS (SELECT (min(number) > ${held.seenNumber} + 1)::int AS n FROM page),
    told AS (
      INSERT INTO webhook_messages (account_id, endpoint_id, sequence, event_id, type, data, occurred_at, made_at, due_at)
      SELECT current_account(), ${endpointId}, ${held.lastSequence} + lost.n + w.place, w.event_id, w.type,
             jsonb_strip_nulls(jsonb_build_object('eventId', w.event_id, 'messageId', w.message_id,
               'recipientId', w.recipient_id, 'linkIndex', w.link_index, 'verdict', w.verdict, 'strength', w.strength,
               'actor', w.actor)), w.occurred_at, ${now}, ${now}
        FROM wished w, lost RETURNING sequence),
    came AS (
      SELECT CASE WHEN (SELECT count(*) FROM wished) = ${most} THEN (SELECT max(number) FROM wished)
             ELSE (SELECT max(number) FROM page) END AS number),
    moved AS (
      UPDATE webhook_endpoints e
         SET seen_number = came.number, last_sequence = e.last_sequence + lost.n + (SELECT count(*) FROM told)
        FROM came, lost
       WHERE e.account_id = current_account() AND e.id = ${endpointId} AND came.number IS NOT NULL RETURNING e.id)
    SELECT count(*)::int AS passed FROM page, moved`);
  return rows[0]?.passed ?? 0;
}

export interface NextMessages {
  readonly endpointId: string;
  readonly now: Date;
  /** In an outage the first is tried, whenever it is due. */
  readonly isOutage: boolean;
  readonly most: number;
}

/** In the order of their numbers; what is told again comes beside what is new, so that neither waits for the other. */
export const nextMessages = (tx: Tx, { endpointId, now, isOutage, most }: NextMessages): Promise<NumberedMessage[]> => {
  const some = (isReplay: boolean) => sql`
    (SELECT sequence, event_id AS "eventId", type, occurred_at AS "occurredAt", data, tries,
            first_tried_at AS "firstTriedAt"
       FROM webhook_messages
      WHERE account_id = current_account() AND endpoint_id = ${endpointId} AND state = 'waiting'
        AND is_replay = ${isReplay} AND (due_at <= ${now} OR ${isOutage})
      ORDER BY sequence LIMIT ${most})`;
  return tx.query<NumberedMessage>(sql`${some(false)} UNION ALL ${some(true)}`);
};

export interface TriedMessage {
  readonly attemptId: string;
  readonly endpointId: string;
  readonly lease: string;
  readonly leasedUntil: Date;
  readonly sequence: number;
  readonly at: Date;
  readonly outcome: string;
  readonly status: number | null;
  readonly durationMs: number;
  readonly state: 'waiting' | 'delivered' | 'given_up';
  readonly dueAt: Date;
  readonly endsOutage: boolean;
}

export interface Health {
  readonly isEnabled: boolean;
  readonly failures: number;
  readonly failingSince: Date | null;
}

/** What came of a try. Undefined: another process holds the endpoint, and nothing was written. */
export async function recordTry(tx: Tx, tried: TriedMessage): Promise<Health | undefined> {
  const isDelivered = tried.state === 'delivered';
  const rows = await tx.query<Health>(sql`
    WITH held AS (
      UPDATE webhook_endpoints
         SET leased_until = ${tried.leasedUntil}, failures = CASE WHEN ${isDelivered} THEN 0 ELSE failures + 1 END,
             failing_since = CASE WHEN ${isDelivered} THEN NULL ELSE coalesce(failing_since, ${tried.at}) END
       WHERE account_id = current_account() AND id = ${tried.endpointId} AND lease = ${tried.lease}
      RETURNING is_enabled, failures, failing_since),
    moved AS (
      UPDATE webhook_messages m
         SET state = ${tried.state}, due_at = ${tried.dueAt}, tries = m.tries + 1,
             first_tried_at = coalesce(m.first_tried_at, ${tried.at})
        FROM held
       WHERE m.account_id = current_account() AND m.endpoint_id = ${tried.endpointId} AND m.sequence = ${tried.sequence}),
    logged AS (
      INSERT INTO webhook_attempts (account_id, id, endpoint_id, sequence, at, outcome, status, duration_ms)
      SELECT current_account(), ${tried.attemptId}, ${tried.endpointId}, ${tried.sequence}, ${tried.at}, ${tried.outcome},
             ${tried.status}, ${tried.durationMs} FROM held)
    SELECT is_enabled AS "isEnabled", failures, failing_since AS "failingSince" FROM held`);
  if (tried.endsOutage && rows.length > 0) await dueNow(tx, tried.endpointId, tried.at);
  return rows[0];
}

/** What was set aside in an outage is due when it is over. */
const dueNow = (tx: Tx, endpointId: string, at: Date): Promise<unknown> =>
  tx.query(sql`
    UPDATE webhook_messages SET due_at = ${at}
     WHERE account_id = current_account() AND endpoint_id = ${endpointId} AND state = 'waiting' AND due_at > ${at}`);

interface Release {
  readonly endpointId: string;
  readonly lease: string;
  /** Null: when there is something to do. */
  readonly nextAt: Date | null;
  readonly now: Date;
}

/** Lets go of an endpoint, and says when it is looked at next: nothing that is numbered meanwhile is overlooked. */
export async function releaseEndpoint(tx: Tx, { endpointId, lease, nextAt, now }: Release): Promise<void> {
  // Whoever numbers holds the first row, whoever wakes the endpoint the second: what they did is seen below.
  await tx.query(sql`SELECT FROM webhook_feeds WHERE account_id = current_account() FOR SHARE`);
  await tx.query(
    sql`SELECT FROM webhook_endpoints WHERE account_id = current_account() AND id = ${endpointId} FOR UPDATE`,
  );
  await tx.query(sql`
    UPDATE webhook_endpoints e
       SET lease = NULL, leased_until = NULL, paused_until = ${nextAt}::timestamptz,
           next_at = CASE WHEN NOT e.is_enabled THEN NULL WHEN ${nextAt}::timestamptz IS NOT NULL THEN ${nextAt}::timestamptz
             WHEN e.seen_number < (SELECT f.last_number FROM webhook_feeds f WHERE f.account_id = current_account())
             THEN ${now}::timestamptz
             ELSE (SELECT min(m.due_at) FROM webhook_messages m
                    WHERE m.account_id = current_account() AND m.endpoint_id = e.id AND m.state = 'waiting') END
     WHERE e.account_id = current_account() AND e.id = ${endpointId} AND e.lease = ${lease}`);
}

/** What is older than 30 days goes, a few thousand rows at a time; gives how many went. */
export async function forgetSome(tx: Tx, before: Date, most: number): Promise<number> {
  const rows = await tx.query<{ n: number }>(sql`
    WITH attempts AS (
      DELETE FROM webhook_attempts WHERE account_id = current_account() AND (account_id, id) IN (
        SELECT account_id, id FROM webhook_attempts WHERE account_id = current_account() AND at < ${before} LIMIT ${most})
      RETURNING 1),
    messages AS (
      DELETE FROM webhook_messages WHERE account_id = current_account() AND (account_id, endpoint_id, sequence) IN (
        SELECT account_id, endpoint_id, sequence FROM webhook_messages
         WHERE account_id = current_account() AND made_at < ${before} LIMIT ${most})
      RETURNING 1),
    events AS (
      DELETE FROM webhook_events WHERE account_id = current_account() AND (account_id, number) IN (
        SELECT account_id, number FROM webhook_events
         WHERE account_id = current_account() AND numbered_at < ${before} ORDER BY number LIMIT ${most})
      RETURNING 1)
    SELECT greatest((SELECT count(*) FROM attempts), (SELECT count(*) FROM messages), (SELECT count(*) FROM events))::int AS n`);
  return rows[0]?.n ?? 0;
}
