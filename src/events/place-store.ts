/** SQL of recipients' places in the roll-ups. It decides nothing. */
import { bigints, days, instants, uuids } from '../platform/columns.ts';
import { sql, type Tx } from '../platform/database.ts';

export interface PlaceMove {
  readonly recipientId: string;
  readonly acceptedAt: Date;
  readonly acceptedDay: string;
  readonly linkSetId: number;
}

/** The links that were clicked move with their recipient. */
export async function placeStates(tx: Tx, accountId: string, moves: readonly PlaceMove[]): Promise<void> {
  const ids = uuids(moves.map((move) => move.recipientId));
  const instantsAt = instants(moves.map((move) => move.acceptedAt));
  const onDays = days(moves.map((move) => move.acceptedDay));
  await tx.query(sql`
    UPDATE recipient_states s SET accepted_at = m.accepted_at, accepted_day = m.accepted_day, link_set_id = m.link_set_id
      FROM unnest(${ids}::uuid[], ${instantsAt}::timestamptz[], ${onDays}::date[],
                  ${bigints(moves.map((move) => move.linkSetId))}::bigint[])
        AS m (recipient_id, accepted_at, accepted_day, link_set_id)
     WHERE s.account_id = ${accountId} AND s.recipient_id = m.recipient_id`);
  await tx.query(sql`
    UPDATE link_states s SET accepted_at = m.accepted_at
      FROM unnest(${ids}::uuid[], ${instantsAt}::timestamptz[]) AS m (recipient_id, accepted_at)
     WHERE s.account_id = ${accountId} AND s.recipient_id = m.recipient_id AND s.accepted_at <> m.accepted_at`);
}
