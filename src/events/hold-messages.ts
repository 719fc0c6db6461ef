/**
 * Keeps messages from being erased until a transaction ends, and says which are erased already: what is then stored of
 * the others is there for an erasure to find, and of the erased ones nothing may be kept that names anybody.
 */
import { uuids } from '../platform/columns.ts';
import { empty, sql, type Tx } from '../platform/database.ts';
import { nullWhenBroken, type Sealer } from '../platform/vault.ts';
import type { AccountKeys } from './event.ts';

export interface HeldMessage {
  readonly isErased: boolean;
  readonly linkCount: number;
}

/** With the key that what is said of it is sealed by. */
export interface KeyedMessage extends HeldMessage {
  /** Opened when it is first asked for; null: the message is erased, or its key is broken. */
  readonly sealer: () => Sealer | null;
}

interface HeldRow {
  readonly id: string;
  readonly linkCount: number;
  readonly isErased: boolean;
  readonly keySealed?: Buffer | null;
}

/** One lock a message, however many of its recipients are spoken of. Unknown ids are absent from the answer. */
export async function holdMessages(
  tx: Tx,
  accountId: string,
  messageIds: Iterable<string>,
): Promise<ReadonlyMap<string, HeldMessage>> {
  return byId(await lockMessages(tx, accountId, messageIds, false));
}

/** The same, with their keys. */
export async function holdKeyedMessages(
  tx: Tx,
  { accountId, vault }: AccountKeys,
  messageIds: Iterable<string>,
): Promise<ReadonlyMap<string, KeyedMessage>> {
  const rows = await lockMessages(tx, accountId, messageIds, true);
  return byId(rows.map(({ keySealed, ...row }) => ({ ...row, sealer: onceOpened(vault, row.isErased, keySealed) })));
}

function lockMessages(
  tx: Tx,
  accountId: string,
  messageIds: Iterable<string>,
  withKeys: boolean,
): Promise<readonly HeldRow[]> {
  const ids = [...new Set(messageIds)];
  if (ids.length === 0) return Promise.resolve([]);
  const [key, join] = withKeys
    ? [
        sql`, k.key_sealed AS "keySealed"`,
        sql`LEFT JOIN message_keys k ON k.account_id = m.account_id AND k.message_id = m.id`,
      ]
    : [empty, empty];
  return tx.query<HeldRow>(sql`
    SELECT m.id, m.link_count AS "linkCount", m.erased_at IS NOT NULL AS "isErased" ${key}
      FROM messages m ${join}
     WHERE m.account_id = ${accountId} AND m.id = ANY (${uuids(ids)}::uuid[]) FOR KEY SHARE OF m`);
}

const byId = <T extends { readonly id: string }>(rows: readonly T[]): ReadonlyMap<string, T> =>
  new Map(rows.map((row) => [row.id, row]));

/** Where it was erased while the lock was waited for, the row of the key is still the one that was seen before. */
function onceOpened(
  vault: AccountKeys['vault'],
  isErased: boolean,
  keySealed: Buffer | null | undefined,
): () => Sealer | null {
  let opened: Sealer | null | undefined;
  return () => {
    if (isErased || !keySealed) return null;
    if (opened === undefined) opened = openedOrNull(vault, keySealed);
    return opened;
  };
}

/** What happened to the message is kept all the same, without what nobody could read. */
function openedOrNull(vault: AccountKeys['vault'], keySealed: Buffer): Sealer | null {
  try {
    return vault.openMessageKey(keySealed);
  } catch (error) {
    return nullWhenBroken(error);
  }
}
