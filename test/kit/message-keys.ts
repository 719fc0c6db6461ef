/** The keys that open what is kept of a message, as its readers have them. */
import { accountVault } from '../../src/accounts/index.ts';
import { type Sql, sql } from '../../src/platform/database.ts';
import type { MessageKeys } from '../../src/platform/message-seal.ts';
import type { World } from '../../src/platform/world.ts';

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;

export const keysOfMessage = (world: Needs, accountId: string, messageId: string): Promise<MessageKeys> =>
  keysWhere(world, accountId, sql`message_id = ${messageId}`);

export const keysOfRecipient = (world: Needs, accountId: string, recipientId: string): Promise<MessageKeys> =>
  keysWhere(world, accountId, sql`message_id = (SELECT message_id FROM recipients WHERE id = ${recipientId})`);

async function keysWhere(world: Needs, accountId: string, isIt: Sql): Promise<MessageKeys> {
  const vault = await accountVault(world, accountId);
  const [row] = await world.db.readAccount(accountId, (tx) =>
    tx.query<{ key: Buffer }>(
      sql`SELECT key_sealed AS key FROM message_keys WHERE account_id = ${accountId} AND ${isIt}`,
    ),
  );
  return { account: vault, message: row === undefined ? null : vault.openMessageKey(row.key) };
}
