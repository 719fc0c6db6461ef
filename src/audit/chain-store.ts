/** SQL of the audit chain: what waits, where a chain ends, its next links, and slices of it. It decides nothing. */
import type { AuditBody, ChainedEntry, Checkpoint } from '../core/audit/chain.ts';
import { bigints, bytes, uuids } from '../platform/columns.ts';
import { sql, type Tx, type WorkerTx } from '../platform/database.ts';
import { firstIdAt, lowestId } from '../platform/ids.ts';
import type { SealedAddress } from '../platform/route.ts';

export async function accountsWaiting(tx: WorkerTx, most: number): Promise<string[]> {
  const rows = await tx.query<{ account_id: string }>(sql`SELECT DISTINCT account_id FROM audit_waiting LIMIT ${most}`);
  return rows.map((row) => row.account_id);
}

/** How many of all accounts were written before then; their ids tell when that was. */
export async function countWaitingSince(tx: WorkerTx, before: Date): Promise<number> {
  const rows = await tx.query<{ waiting: number }>(
    sql`SELECT count(*)::int AS waiting FROM audit_waiting WHERE entry_id < ${firstIdAt(before)}::uuid`,
  );
  return rows[0]?.waiting ?? 0;
}

/** One sealer per account at a time; waits for another to finish. */
export const lockChain = (tx: WorkerTx, accountId: string): Promise<unknown> =>
  tx.query(sql`SELECT pg_advisory_xact_lock(hashtextextended('waxwing.audit_chain ' || ${accountId}, 0))`);

export interface ChainHead {
  readonly checkpoint: Checkpoint;
  /** The hash of the link that the checkpoint speaks of; null when there is no such link. */
  readonly linkHash: string | null;
  /** A link beyond the checkpoint, which no sealer leaves behind. */
  readonly isOvergrown: boolean;
}

interface CheckpointRow {
  account_id: string;
  seq: number;
  hash: Buffer;
  at: Date;
  key_id: string;
  signature: string;
}

const checkpointOf = (row: CheckpointRow): Checkpoint => ({
  type: 'checkpoint',
  account: row.account_id,
  seq: row.seq,
  hash: row.hash.toString('hex'),
  at: row.at.toISOString(),
  key: row.key_id,
  signature: row.signature,
});

export async function readHead(tx: Tx): Promise<ChainHead | undefined> {
  const [row] = await tx.query<CheckpointRow & { link_hash: Buffer | null; is_overgrown: boolean }>(sql`
    SELECT p.*, (SELECT c.hash FROM audit_chain c WHERE c.account_id = p.account_id AND c.seq = p.seq) AS link_hash,
           EXISTS (SELECT 1 FROM audit_chain c WHERE c.account_id = p.account_id AND c.seq > p.seq) AS is_overgrown
      FROM audit_checkpoints p WHERE p.account_id = current_account() ORDER BY p.seq DESC LIMIT 1`);
  if (row === undefined) return undefined;
  const { link_hash: hash, is_overgrown: isOvergrown } = row;
  return { checkpoint: checkpointOf(row), linkHash: hash?.toString('hex') ?? null, isOvergrown };
}

/** Undefined: there is no such link. */
export async function readLinkHash(tx: Tx, seq: number): Promise<string | undefined> {
  const [row] = await tx.query<{ hash: Buffer }>(
    sql`SELECT hash FROM audit_chain WHERE account_id = current_account() AND seq = ${seq}`,
  );
  return row?.hash.toString('hex');
}

interface EntryRow {
  id: string;
  at: Date;
  actor_kind: string;
  actor_id: string | null;
  action: string;
  object_kind: string;
  object_id: string | null;
  outcome: string;
  detail: unknown;
  format: number;
  department_id: string | null;
  reason_kind: string | null;
  reason_id: string | null;
  address_commitment: Buffer | null;
}

const entryColumns = sql`e.id, e.at, e.actor_kind, e.actor_id, e.action, e.object_kind, e.object_id, e.outcome, e.detail,
           e.format, e.department_id, e.reason_kind, e.reason_id, e.address_commitment`;

const bodyOf = (row: EntryRow): AuditBody => ({
  id: row.id,
  at: row.at.toISOString(),
  actor: { kind: row.actor_kind, id: row.actor_id },
  action: row.action,
  object: { kind: row.object_kind, id: row.object_id },
  outcome: row.outcome,
  detail: row.detail,
  ...(row.format === 1 ? {} : laterFields(row)),
});

const laterFields = (row: EntryRow): Required<Pick<AuditBody, 'format' | 'department' | 'reason' | 'address'>> => ({
  format: 2,
  department: row.department_id,
  reason: row.reason_kind === null ? null : { kind: row.reason_kind, id: row.reason_id },
  address: row.address_commitment === null ? null : { commitment: row.address_commitment.toString('hex') },
});

/** The oldest in the queue. They leave it by getting their link, in the database itself. */
export async function listWaiting(tx: WorkerTx, accountId: string, most: number): Promise<string[]> {
  const rows = await tx.query<{ entry_id: string }>(sql`
    SELECT entry_id FROM audit_waiting WHERE account_id = ${accountId} ORDER BY entry_id LIMIT ${most}`);
  return rows.map((row) => row.entry_id);
}

/** In the order in which they will stand. */
export async function readEntries(tx: Tx, ids: readonly string[]): Promise<AuditBody[]> {
  const rows = await tx.query<EntryRow>(sql`
    SELECT ${entryColumns}
      FROM audit_entries e WHERE e.account_id = current_account() AND e.id = ANY (${uuids(ids)}::uuid[]) ORDER BY e.id`);
  return rows.map(bodyOf);
}

const hexBytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

export const insertLinks = (tx: Tx, links: readonly ChainedEntry[]): Promise<unknown> =>
  tx.query(sql`
    INSERT INTO audit_chain (account_id, seq, entry_id, prev, hash)
    SELECT current_account(), m.*
      FROM unnest(${bigints(links.map((link) => link.seq))}::bigint[], ${uuids(links.map((link) => link.id))}::uuid[],
                  ${bytes(links.map((link) => hexBytes(link.prev)))}::bytea[],
                  ${bytes(links.map((link) => hexBytes(link.hash)))}::bytea[]) AS m`);

export const insertCheckpoint = (tx: Tx, { account, seq, hash, at, key, signature }: Checkpoint) =>
  tx.query(sql`
    INSERT INTO audit_checkpoints (account_id, seq, hash, at, key_id, signature)
    VALUES (${account}, ${seq}, ${hexBytes(hash)}, ${at}::timestamptz, ${key}, ${signature})`);

/** The numbers of the first and last entry that happened in the range; undefined when there is none. */
export async function seqRange(
  tx: Tx,
  since: Date | null,
  until: Date | null,
): Promise<{ first: number; last: number } | undefined> {
  const [row] = await tx.query<{ first: number | null; last: number | null }>(sql`
    SELECT min(c.seq) AS first, max(c.seq) AS last
      FROM audit_entries e JOIN audit_chain c ON c.entry_id = e.id
     WHERE e.account_id = current_account()
       AND e.id >= ${since === null ? lowestId : firstIdAt(since)}::uuid
       AND (${until}::timestamptz IS NULL OR e.id < ${until === null ? lowestId : firstIdAt(until)}::uuid)`);
  return row === undefined || row.first === null || row.last === null
    ? undefined
    : { first: row.first, last: row.last };
}

/** The signed checkpoints that enclose entries `first` to `last` most narrowly. */
export async function enclosingCheckpoints(
  tx: Tx,
  first: number,
  last: number,
): Promise<{ before: Checkpoint; behind: Checkpoint } | undefined> {
  const [before] = await tx.query<CheckpointRow>(sql`
    SELECT * FROM audit_checkpoints WHERE account_id = current_account() AND seq < ${first} ORDER BY seq DESC LIMIT 1`);
  const [behind] = await tx.query<CheckpointRow>(sql`
    SELECT * FROM audit_checkpoints WHERE account_id = current_account() AND seq >= ${last} ORDER BY seq LIMIT 1`);
  if (before === undefined || behind === undefined) return undefined;
  return { before: checkpointOf(before), behind: checkpointOf(behind) };
}

export interface StoredLink {
  readonly entry: ChainedEntry;
  readonly address: SealedAddress | null;
}

/** Entries behind number `after`, in chain order, as they stand in the tables now. */
export async function readLinks(tx: Tx, after: number, upTo: number, most: number): Promise<StoredLink[]> {
  const rows = await tx.query<
    EntryRow & { seq: number; prev: Buffer; hash: Buffer; address_sealed: Buffer | null }
  >(sql`
    SELECT c.seq, c.prev, c.hash, ${entryColumns}, e.address_sealed
      FROM audit_chain c JOIN audit_entries e ON e.id = c.entry_id AND e.account_id = c.account_id
     WHERE c.account_id = current_account() AND c.seq > ${after} AND c.seq <= ${upTo}
     ORDER BY c.seq LIMIT ${most}`);
  return rows.map((row) => ({
    entry: {
      ...bodyOf(row),
      type: 'entry',
      seq: row.seq,
      prev: row.prev.toString('hex'),
      hash: row.hash.toString('hex'),
    },
    address:
      row.address_sealed === null || row.address_commitment === null
        ? null
        : { sealed: row.address_sealed, commitment: row.address_commitment },
  }));
}
