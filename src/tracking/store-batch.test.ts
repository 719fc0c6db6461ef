import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { acceptMail, type TestAccount, testKeys } from '../../test/kit/mail.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { accountVault, wrappingKeyGraceMs } from '../accounts/index.ts';
import { sql } from '../platform/database.ts';
import { openVault } from '../platform/vault.ts';
import { startRotation } from '../upkeep/rotate-keys.ts';
import type { JournaledHit } from './hit.ts';
import { storeBatch } from './store-batch.ts';

const stored = { unattributed: 0, revised: 0, judgedAlone: 0 };

describe('a batch of the journal', () => {
  let world: TestWorld;
  before(async () => {
    world = await testWorld('2026-11-22T23:49:00Z');
  });
  after(() => world.close());

  async function openOf(account: TestAccount): Promise<JournaledHit> {
    const acceptedAt = world.clock.now();
    const { messageId, recipientIds } = await acceptMail(world, account, { to: ['ana@clinic.example'], acceptedAt });
    const { accountId } = account;
    return {
      id: randomUUID(),
      atMs: acceptedAt.getTime(),
      kind: 'open',
      token: 'valid',
      subject: { kind: 'recipient', accountId, messageId, recipientId: recipientIds[0] ?? '' },
      linkIndex: null,
      isHoneypot: false,
      method: 'GET',
      ip: '203.0.113.9',
      isHttps: true,
      userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0',
      headers: {},
    };
  }
  const step = () => ({
    journalId: randomUUID(),
    from: { segment: 1, offsetBytes: 0 },
    to: { segment: 1, offsetBytes: 9 },
  });
  const keyDays = async ({ accountId }: TestAccount): Promise<string[]> => {
    const rows = await world.db.readAccount(accountId, (tx) =>
      tx.query<{ day: string }>(sql`SELECT day FROM request_keys ORDER BY day`),
    );
    return rows.map((row) => row.day);
  };

  it('is stored account after account in one order, whatever the order of its hits', async () => {
    const accounts = [await testKeys(world, 'One'), await testKeys(world, 'Two'), await testKeys(world, 'Three')];
    const visited: string[] = [];
    const db: TestWorld['db'] = {
      ...world.db,
      asWorker: (run) =>
        world.db.asWorker((tx) =>
          run({
            ...tx,
            inAccount(accountId, inside) {
              visited.push(accountId);
              return tx.inAccount(accountId, inside);
            },
          }),
        ),
    };
    const hits = await Promise.all(accounts.map(openOf));
    await storeBatch(world, step(), hits); // makes the keys of the day
    const orders = [hits, hits.toReversed()];
    for (const order of orders) await storeBatch({ ...world, db }, step(), order);
    const ids = accounts.map(({ accountId }) => accountId).sort();
    assert.deepEqual(visited, [...ids, ...ids]);
  });

  it('makes the key of the day that is about to begin, where addresses are kept at all', async () => {
    const keeping = await testKeys(world, 'Keeping');
    const other = await testKeys(world, 'Keeping nothing');
    await world.db.asAccount(other.accountId, (tx) => tx.query(sql`UPDATE account_settings SET keep_request_days = 0`));
    const store = async () => storeBatch(world, step(), [await openOf(keeping), await openOf(other)]);
    await store();
    assert.deepEqual(await keyDays(keeping), ['2026-11-22'], 'not yet');
    world.clock.advance(2 * 60_000);
    await store();
    assert.deepEqual(await keyDays(keeping), ['2026-11-22', '2026-11-23']);
    assert.deepEqual(await keyDays(other), []);
  });

  it('is stored by a process that knew the account before its keys were rotated, with what is sealed under the new one', async () => {
    const account = await testKeys(world, 'Rotating');
    const { accountId } = account;
    const other = { ...world, vault: openVault(world.masterKey) };
    assert.deepEqual(await storeBatch(other, step(), [await openOf(account)]), stored);
    await startRotation(world, { accountId, actor: { kind: 'system', id: 'test' } });
    world.clock.advance(wrappingKeyGraceMs);
    const vault = await accountVault(world, accountId);
    const later = await openOf({ ...account, vault });
    const [key] = await world.db.readAccount(accountId, (tx) =>
      tx.query<{ mark: number }>(
        sql`SELECT get_byte(key_sealed, 0) AS mark FROM message_keys WHERE message_id = ${messageOf(later)}`,
      ),
    );
    assert.equal(key?.mark, 2, 'the message came under the new key');
    assert.deepEqual(await storeBatch(other, step(), [later]), stored);
  });

  it('is stored without address and agent where the key of a message is broken', async () => {
    const account = await testKeys(world, 'Broken');
    const hit = await openOf(account);
    const owner = new pg.Client(world.database.connection);
    await owner.connect();
    const breaking =
      "UPDATE message_keys SET key_sealed = overlay(key_sealed placing '\\x0000'::bytea from 30) WHERE message_id = $1";
    assert.equal((await owner.query(breaking, [messageOf(hit)])).rowCount, 1);
    await owner.end();
    assert.deepEqual(await storeBatch(world, step(), [hit]), stored);
  });
});

const messageOf = ({ subject }: JournaledHit): string => ('messageId' in subject ? subject.messageId : '');
