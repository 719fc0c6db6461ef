/** SQL of what reports ask about dimensions. Values leave it sealed; it decides nothing. */
import type { DimensionKind } from '../events/index.ts';
import { empty, sql, type Tx } from '../platform/database.ts';

export async function findDimensionId(
  tx: Tx,
  accountId: string,
  kind: DimensionKind,
  valueIndex: Buffer,
): Promise<number | undefined> {
  const rows = await tx.query<{ id: number }>(sql`
    SELECT id FROM dimensions WHERE account_id = ${accountId} AND kind = ${kind} AND value_index = ${valueIndex}`);
  return rows[0]?.id;
}

export interface DepartmentCampaign {
  readonly id: number;
  /** The campaign's number in the account; 0: no campaign. */
  readonly baseId: number;
  readonly departmentId: string;
}

/** Campaigns as departments send them: of these departments, and of these numbers or this one campaign, where asked. */
export const listDepartmentCampaigns = (
  tx: Tx,
  accountId: string,
  asked: {
    readonly departments?: readonly string[] | undefined;
    readonly baseId?: number | undefined;
    readonly ids?: readonly number[] | undefined;
  },
): Promise<DepartmentCampaign[]> =>
  tx.query(sql`
    SELECT id, base_id AS "baseId", department_id AS "departmentId" FROM dimensions
     WHERE account_id = ${accountId} AND department_id IS NOT NULL
       ${asked.departments === undefined ? empty : sql`AND department_id = ANY (${asked.departments}::uuid[])`}
       ${asked.baseId === undefined ? empty : sql`AND base_id = ${asked.baseId}`}
       ${asked.ids === undefined ? empty : sql`AND id = ANY (${asked.ids}::bigint[])`}`);

/** A department and all below it; none: there is no such department. */
export async function departmentsBelow(tx: Tx, departmentId: string): Promise<readonly string[]> {
  const rows = await tx.query<{ ids: string[] }>(
    sql`SELECT departments_below(current_account(), ${departmentId}) AS ids`,
  );
  return rows[0]?.ids ?? [];
}

export async function readDepartmentNames(tx: Tx, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const rows = await tx.query<{ id: string; name: string }>(sql`
    SELECT id, name FROM departments WHERE account_id = current_account() AND id = ANY (${ids}::uuid[])`);
  return new Map(rows.map(({ id, name }) => [id, name]));
}

export const readDimensionValues = (
  tx: Tx,
  accountId: string,
  ids: readonly number[],
): Promise<{ id: number; valueSealed: Buffer }[]> =>
  tx.query(sql`
    SELECT id, value_sealed AS "valueSealed" FROM dimensions
     WHERE account_id = ${accountId} AND id = ANY (${ids}::bigint[])`);
