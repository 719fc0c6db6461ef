/** What was done under one emergency access, as its marked entries tell. It decides nothing. */
import { sql, type Tx } from '../platform/database.ts';
import { firstIdAt } from '../platform/ids.ts';

export interface EmergencyEntry {
  readonly id: string;
  readonly at: Date;
  readonly action: string;
  readonly objectKind: string;
  readonly objectId: string | null;
  readonly outcome: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Oldest first. The times bound the search only: what counts is the mark. */
export const entriesOfEmergency = (tx: Tx, id: string, since: Date, until: Date): Promise<EmergencyEntry[]> =>
  tx.query(sql`
    SELECT id, at, action, object_kind AS "objectKind", object_id AS "objectId", outcome,
           detail - 'emergency' AS detail
      FROM audit_entries
     WHERE account_id = current_account() AND id >= ${firstIdAt(since)}::uuid
       AND id < ${firstIdAt(new Date(until.getTime() + 1))}::uuid AND detail ->> 'emergency' = ${id}
     ORDER BY id`);
