/** What the judge needs to see before it judges: recipients locked against other writers, and their earlier hits. */
import type { Tx } from '../platform/database.ts';
import type { AccountKeys, HitDetail, JudgedHit, LockedRecipients, SourceHit } from './event.ts';
import {
  type SequenceBounds,
  type SourceBounds,
  type StoredHitRow,
  selectSequences,
  selectSources,
} from './event-store.ts';
import { lockStates } from './state-store.ts';

/**
 * Where these recipients stand, held until the transaction ends. Lock, then load, judge and record: nobody else can add
 * a hit in between. Unknown ids are absent from the answer.
 */
export async function lockRecipients(
  tx: Tx,
  account: Pick<AccountKeys, 'accountId'>,
  recipientIds: readonly string[],
): Promise<LockedRecipients> {
  const states = await lockStates(tx, account.accountId, [...new Set(recipientIds)]);
  return new Map(states.map((state) => [state.recipientId, state]));
}

/** Earlier hits with the verdicts they have now, by recipient, oldest first. */
export async function loadHits(
  tx: Tx,
  account: AccountKeys,
  recipientIds: readonly string[],
  bounds: SequenceBounds,
): Promise<Map<string, JudgedHit[]>> {
  if (recipientIds.length === 0) return new Map();
  const rows = await selectSequences(tx, account.accountId, recipientIds, bounds);
  rows.sort((a, b) => a.occurred_at.getTime() - b.occurred_at.getTime() || (a.id < b.id ? -1 : 1));
  return Map.groupBy(
    rows.map((row) => judgedHit(account, row)),
    (hit) => hit.recipientId,
  );
}

function judgedHit({ vault }: AccountKeys, row: StoredHitRow): JudgedHit {
  const { verdict, strength, actor, unknowable, reasons, ruleset } = row;
  return {
    id: row.id,
    kind: row.type === 'opened' ? 'open' : 'click',
    occurredAt: row.occurred_at,
    messageId: row.message_id,
    recipientId: row.recipient_id,
    linkIndex: row.link_index,
    sourceKey: row.source_key,
    detail: JSON.parse(vault.open('event.detail', row.detail_sealed).toString()) as HitDetail,
    verdict: {
      verdict,
      strength,
      actor,
      unknowable,
      reasons,
      ruleset,
      judgedAt: row.judged_at,
      settlesAt: row.settles_at,
    },
  };
}

/** Which recipients' mail was fetched from these sources in a while; `sourceKey` comes back in hex. */
export async function loadSources(
  tx: Tx,
  account: Pick<AccountKeys, 'accountId'>,
  sourceKeys: readonly Uint8Array[],
  bounds: SourceBounds,
): Promise<SourceHit[]> {
  if (sourceKeys.length === 0) return [];
  const rows = await selectSources(tx, account.accountId, sourceKeys, bounds);
  return rows.map((row) => ({
    sourceKey: row.source_key.toString('hex'),
    recipientId: row.recipient_id,
    occurredAt: row.occurred_at,
  }));
}
