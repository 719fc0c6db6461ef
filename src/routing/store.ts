/** SQL of an account's routes and rules, and of what processes saw of relays. It decides nothing and opens no seal. */
import type { HostState } from '../core/delivery/circuit.ts';
import type { MessageClass } from '../core/delivery/message-class.ts';
import { sql, type Tx } from '../platform/database.ts';

export interface RouteRow {
  readonly id: string;
  readonly settingsSealed: Buffer;
  readonly createdAt: Date;
  readonly changedAt: Date;
}

const routeColumns = sql`id, settings_sealed AS "settingsSealed", created_at AS "createdAt", changed_at AS "changedAt"`;

/** Held by whoever changes routes or rules of the account. */
export const lockRoutes = (tx: Tx): Promise<unknown> =>
  tx.query(sql`SELECT pg_advisory_xact_lock(hashtextextended('waxwing.routes ' || current_account(), 0))`);

export const listRouteRows = (tx: Tx): Promise<RouteRow[]> =>
  tx.query<RouteRow>(sql`
    SELECT ${routeColumns} FROM mail_routes WHERE account_id = current_account() ORDER BY created_at, id`);

export async function insertRoute(tx: Tx, row: RouteRow): Promise<void> {
  await tx.query(sql`
    INSERT INTO mail_routes (account_id, id, settings_sealed, created_at, changed_at)
    VALUES (current_account(), ${row.id}, ${row.settingsSealed}, ${row.createdAt}, ${row.changedAt})`);
}

export async function updateRoute(tx: Tx, row: Pick<RouteRow, 'id' | 'settingsSealed' | 'changedAt'>): Promise<void> {
  await tx.query(sql`
    UPDATE mail_routes SET settings_sealed = ${row.settingsSealed}, changed_at = ${row.changedAt}
     WHERE account_id = current_account() AND id = ${row.id}`);
}

export async function deleteRouteRow(tx: Tx, id: string): Promise<void> {
  await tx.query(sql`DELETE FROM mail_routes WHERE account_id = current_account() AND id = ${id}`);
}

export interface RuleRow {
  readonly id: string;
  readonly place: number;
  readonly routeId: string;
  readonly departmentId: string | null;
  readonly messageClass: MessageClass | null;
  readonly domainsSealed: Buffer;
}

export const listRuleRows = (tx: Tx): Promise<RuleRow[]> =>
  tx.query<RuleRow>(sql`
    SELECT id, place, route_id AS "routeId", department_id AS "departmentId", message_class AS "messageClass",
           domains_sealed AS "domainsSealed"
      FROM mail_route_rules WHERE account_id = current_account() ORDER BY place`);

export async function replaceRules(tx: Tx, rows: readonly RuleRow[]): Promise<void> {
  await tx.query(sql`DELETE FROM mail_route_rules WHERE account_id = current_account()`);
  for (const row of rows)
    await tx.query(sql`
      INSERT INTO mail_route_rules (account_id, id, place, route_id, department_id, message_class, domains_sealed)
      VALUES (current_account(), ${row.id}, ${row.place}, ${row.routeId}, ${row.departmentId}, ${row.messageClass},
              ${row.domainsSealed})`);
}

/** Of these departments, those that there are. */
export async function existingDepartments(tx: Tx, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await tx.query<{ id: string }>(sql`
    SELECT id FROM departments WHERE account_id = current_account() AND id = ANY (${ids}::uuid[])`);
  return new Set(rows.map(({ id }) => id));
}

export interface RelayStateRow {
  readonly relayId: string;
  readonly state: HostState;
  readonly answeredAt: Date | null;
  readonly failingSince: Date | null;
  readonly lastWhy: string | null;
  readonly restsUntil: Date | null;
}

/** A failure is told anew every few seconds: what is older was said by a process that is gone. Under the worker role: relays are known by a number that says neither whose they are nor where. */
export const readRelayStates = (
  tx: Tx,
  relayIds: readonly string[],
  since: { readonly working: Date; readonly failing: Date },
): Promise<RelayStateRow[]> =>
  tx.query<RelayStateRow>(sql`
    SELECT relay_id AS "relayId", state, answered_at AS "answeredAt", failing_since AS "failingSince",
           last_why AS "lastWhy", rests_until AS "restsUntil"
      FROM relay_states WHERE relay_id = ANY (${relayIds}::uuid[])
       AND told_at > CASE WHEN state = 'working' THEN ${since.working}::timestamptz ELSE ${since.failing}::timestamptz END`);

export async function keepRelayStates(
  tx: Tx,
  workerId: string,
  at: Date,
  rows: readonly RelayStateRow[],
): Promise<void> {
  await tx.query(sql`
    INSERT INTO relay_states (relay_id, worker_id, told_at, state, answered_at, failing_since, last_why, rests_until)
    SELECT relay_id, ${workerId}::uuid, ${at}::timestamptz, state, answered_at, failing_since, last_why, rests_until
      FROM unnest(${rows.map((row) => row.relayId)}::uuid[], ${rows.map((row) => row.state)}::text[],
                  ${rows.map((row) => row.answeredAt)}::timestamptz[], ${rows.map((row) => row.failingSince)}::timestamptz[],
                  ${rows.map((row) => row.lastWhy)}::text[], ${rows.map((row) => row.restsUntil)}::timestamptz[])
        AS r (relay_id, state, answered_at, failing_since, last_why, rests_until)
    ON CONFLICT (relay_id, worker_id) DO UPDATE
       SET told_at = excluded.told_at, state = excluded.state, answered_at = excluded.answered_at,
           failing_since = excluded.failing_since, last_why = excluded.last_why, rests_until = excluded.rests_until`);
}

export async function forgetRelayStates(tx: Tx, before: Date): Promise<void> {
  await tx.query(sql`DELETE FROM relay_states WHERE told_at < ${before}`);
}
