/** All SQL of the tracking area: journal positions, consents, and the facts about recipients that a hit needs. */
import type { TrackingLevel } from '../contract/values.ts';
import { bytes, uuids } from '../platform/columns.ts';
import { type Database, sql, type Tx, type WorkerTx } from '../platform/database.ts';
import type { JournalPosition } from './journal-segments.ts';

export interface HandleOwner {
  readonly accountId: string;
  readonly messageId: string;
  readonly recipientId: string;
}

/** Whose copies these handles begin the tokens of, by handle in hex. Unknown handles are absent. */
export async function findHandleOwners(
  db: Pick<Database, 'askGate'>,
  handles: readonly string[],
): Promise<Map<string, HandleOwner>> {
  if (handles.length === 0) return new Map();
  const rows = await db.askGate<{ handle: Buffer; account_id: string; message_id: string; recipient_id: string }>(
    sql`SELECT * FROM recipients_of_handles(${bytes(handles.map((handle) => Buffer.from(handle, 'hex')))}::bytea[])`,
  );
  return new Map(
    rows.map((row) => [
      row.handle.toString('hex'),
      { accountId: row.account_id, messageId: row.message_id, recipientId: row.recipient_id },
    ]),
  );
}

export async function findAccounts(db: Pick<Database, 'asWorker'>, ids: readonly string[]): Promise<Set<string>> {
  const rows = await db.asWorker((tx) =>
    tx.query<{ account_id: string }>(
      sql`SELECT account_id FROM accounts WHERE account_id = ANY (${uuids(ids)}::uuid[])`,
    ),
  );
  return new Set(rows.map((row) => row.account_id));
}

export interface CopyFacts {
  readonly messageId: string;
  /** The stricter of what was frozen at acceptance and what the recipient has said since. */
  readonly level: TrackingLevel;
}

/** Recipients' rows are never changed, so they need no lock; their consent is read as it is now. */
export async function loadCopyFacts(
  tx: Tx,
  accountId: string,
  recipientIds: readonly string[],
): Promise<Map<string, CopyFacts>> {
  const rows = await tx.query<CopyRow>(sql`
    SELECT r.id, r.message_id, r.tracking_level, c.level AS consent
      FROM recipients r
      LEFT JOIN tracking_consents c ON c.account_id = ${accountId} AND c.address_index = r.address_index
     WHERE r.account_id = ${accountId} AND r.id = ANY (${uuids(recipientIds)}::uuid[])`);
  return new Map(rows.map((row) => [row.id, copyFacts(row)]));
}

interface CopyRow {
  id: string;
  message_id: string;
  tracking_level: TrackingLevel;
  consent: TrackingLevel | null;
}

const copyFacts = (row: CopyRow): CopyFacts => ({
  messageId: row.message_id,
  level: stricter(row.tracking_level, row.consent ?? 'identified'),
});

const levels: readonly TrackingLevel[] = ['off', 'anonymous', 'identified'];
const stricter = (one: TrackingLevel, other: TrackingLevel): TrackingLevel =>
  levels[Math.min(levels.indexOf(one), levels.indexOf(other))] ?? 'off';

export async function readPosition(db: Pick<Database, 'asWorker'>, journalId: string): Promise<JournalPosition> {
  const [row] = await db.asWorker((tx) =>
    tx.query<{ segment: number; offset_bytes: number }>(
      sql`SELECT segment, offset_bytes FROM journal_positions WHERE journal_id = ${journalId}`,
    ),
  );
  return row === undefined ? { segment: 0, offsetBytes: 0 } : { segment: row.segment, offsetBytes: row.offset_bytes };
}

/** False when the journal was read on by somebody else since: nothing of this batch may be stored then. */
export async function movePosition(
  tx: WorkerTx,
  journalId: string,
  from: JournalPosition,
  to: JournalPosition,
  now: Date,
): Promise<boolean> {
  const rows = await tx.query(sql`
    INSERT INTO journal_positions AS p (journal_id, segment, offset_bytes, updated_at)
    VALUES (${journalId}, ${to.segment}, ${to.offsetBytes}, ${now})
    ON CONFLICT (journal_id) DO UPDATE
       SET segment = excluded.segment, offset_bytes = excluded.offset_bytes, updated_at = excluded.updated_at
     WHERE p.segment = ${from.segment} AND p.offset_bytes = ${from.offsetBytes}
    RETURNING 1`);
  return rows.length === 1;
}

export interface ConsentRow {
  readonly level: TrackingLevel;
  readonly updatedAt: Date;
}

export async function upsertConsent(
  tx: Tx,
  address: { readonly index: Uint8Array; readonly sealed: Uint8Array },
  consent: ConsentRow,
): Promise<void> {
  await tx.query(sql`
    INSERT INTO tracking_consents (account_id, address_index, address_sealed, level, updated_at)
    VALUES (current_account(), ${address.index}, ${address.sealed}, ${consent.level}, ${consent.updatedAt})
    ON CONFLICT (account_id, address_index) DO UPDATE
       SET level = excluded.level, updated_at = excluded.updated_at`);
}

/** By address index in hex. Addresses that never said anything are absent. */
export async function selectConsents(tx: Tx, addressIndexes: readonly Uint8Array[]): Promise<Map<string, ConsentRow>> {
  if (addressIndexes.length === 0) return new Map();
  const rows = await tx.query<{ address_index: Buffer; level: TrackingLevel; updated_at: Date }>(sql`
    SELECT address_index, level, updated_at FROM tracking_consents
     WHERE account_id = current_account() AND address_index = ANY (${addressIndexes}::bytea[])`);
  return new Map(
    rows.map((row) => [row.address_index.toString('hex'), { level: row.level, updatedAt: row.updated_at }]),
  );
}
