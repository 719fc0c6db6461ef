/** SQL of dimensions: small numbers for the values that reports group by. Values come and leave sealed. */
import { sql, type Tx } from '../platform/database.ts';
import type { DimensionKind } from './event.ts';

export interface SealedDimension {
  readonly kind: DimensionKind;
  readonly index: Uint8Array;
  readonly sealed: Uint8Array;
  /** Of a campaign as one department sends it: the department, and the campaign's number in the account. */
  readonly of?: { readonly departmentId: string; readonly baseId: number };
}

interface DimensionRow {
  id: number;
  kind: DimensionKind;
  value_index: Buffer;
}

export async function findDimensions(
  tx: Tx,
  accountId: string,
  wanted: readonly Pick<SealedDimension, 'kind' | 'index'>[],
): Promise<{ id: number; kind: DimensionKind; index: Buffer }[]> {
  const rows = await tx.query<DimensionRow>(sql`
    SELECT d.id, d.kind, d.value_index
      FROM dimensions d
      JOIN unnest(${wanted.map((value) => value.kind)}::text[], ${wanted.map((value) => value.index)}::bytea[])
        AS m (kind, value_index) ON d.kind = m.kind AND d.value_index = m.value_index
     WHERE d.account_id = ${accountId}`);
  return rows.map((row) => ({ id: row.id, kind: row.kind, index: row.value_index }));
}

/** In the order of the index, so that two inserters of the same values never wait for each other. */
export async function insertDimensions(tx: Tx, accountId: string, values: readonly SealedDimension[]): Promise<void> {
  const ordered = values.toSorted((a, b) => a.kind.localeCompare(b.kind) || Buffer.compare(a.index, b.index));
  await tx.query(sql`
    INSERT INTO dimensions (account_id, kind, value_index, value_sealed, department_id, base_id)
    SELECT ${accountId}, m.*
      FROM unnest(${ordered.map((value) => value.kind)}::text[], ${ordered.map((value) => value.index)}::bytea[],
                  ${ordered.map((value) => value.sealed)}::bytea[],
                  ${ordered.map((value) => value.of?.departmentId ?? null)}::uuid[],
                  ${ordered.map((value) => value.of?.baseId ?? null)}::bigint[]) AS m
    ON CONFLICT DO NOTHING`);
}

export async function loadDimensions(
  tx: Tx,
  accountId: string,
  ids: readonly number[],
): Promise<{ id: number; sealed: Buffer }[]> {
  const rows = await tx.query<{ id: number; value_sealed: Buffer }>(sql`
    SELECT id, value_sealed FROM dimensions WHERE account_id = ${accountId} AND id = ANY (${ids}::bigint[])`);
  return rows.map((row) => ({ id: row.id, sealed: row.value_sealed }));
}
