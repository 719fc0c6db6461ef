import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { acceptMail, delivered, deliverMail, testKeys } from '../../test/kit/mail.ts';
import { keysOfRecipient } from '../../test/kit/message-keys.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { sql } from '../platform/database.ts';
import { SealBroken } from '../platform/vault.ts';
import { type AccountKeys, type DeliveryOutcome, openDelivery, openHost } from './index.ts';

describe('the news of a delivery', () => {
  let world: TestWorld;
  let keys: AccountKeys;
  before(async () => {
    world = await testWorld();
    keys = await testKeys(world);
  });
  after(() => world.close());

  const accepted = async (): Promise<string> => {
    const { recipientIds } = await acceptMail(world, keys, {
      to: ['ana@x.example'],
      acceptedAt: '2026-11-20T10:00:00Z',
    });
    return recipientIds[0] ?? '';
  };
  const stateOf = async (id: string) => {
    const [state] = await world.db.readAccount(keys.accountId, (tx) =>
      tx.query<Record<string, unknown>>(sql`
        SELECT status, delivered_at, delivered_via, delivered_by_sealed, gateway_mx, gateway_mx_sealed, gateway_mx_source FROM recipient_states WHERE recipient_id = ${id}`),
    );
    return state;
  };
  const eventsOf = async (id: string): Promise<string[]> => {
    const rows = await world.db.readAccount(keys.accountId, (tx) =>
      tx.query<{ type: string }>(sql`SELECT type FROM events WHERE recipient_id = ${id} ORDER BY occurred_at, type`),
    );
    return rows.map(({ type }) => type);
  };
  const outcome = (id: string, kind: DeliveryOutcome['kind'], at: string): DeliveryOutcome => ({
    ...delivered(id, at),
    kind,
  });

  it('keeps who took the message and when, and the gateway that was known before', async () => {
    const id = await accepted();
    const { via: _via, ...later } = outcome(id, 'deferred', '2026-11-20T10:01:00Z');
    await deliverMail(world, keys, [{ ...later, gatewayMx: { host: 'mx.dns.example', source: 'dns' } }]);
    assert.deepEqual([(await stateOf(id))?.status, (await stateOf(id))?.delivered_at], ['deferred', null]);
    const { gatewayMx: _gateway, ...relayed } = outcome(id, 'delivered', '2026-11-20T10:02:00Z');
    await deliverMail(world, keys, [{ ...relayed, via: 'relay' }]);
    const { delivered_by_sealed: by, gateway_mx_sealed: gateway, ...state } = (await stateOf(id)) ?? {};
    assert.deepEqual(state, {
      status: 'delivered',
      delivered_at: new Date('2026-11-20T10:02:00Z'),
      delivered_via: 'relay',
      gateway_mx: null,
      gateway_mx_source: 'dns',
    });
    const { account, message } = await keysOfRecipient(world, keys.accountId, id);
    assert.deepEqual(
      [by, gateway].map((one) => openHost(message, one as Buffer)),
      ['mx.example.net', 'mx.dns.example'],
    );
    assert.throws(() => account.open('mail.host', by as Buffer), SealBroken);
  });

  it('leaves of a server’s name readable what many share of a known gateway’s, and forgets it where another answers', async () => {
    const id = await accepted();
    const at = (minute: number, host: string) => ({
      ...outcome(id, minute < 3 ? 'deferred' : 'delivered', `2026-11-20T10:0${minute}:00Z`),
      gatewayMx: { host, source: 'delivery' } as const,
    });
    await deliverMail(world, keys, [at(1, 'Annaberg-example.mail.protection.outlook.com')]);
    assert.equal((await stateOf(id))?.gateway_mx, 'mail.protection.outlook.com');
    await deliverMail(world, keys, [at(2, 'mx0a-001.pphosted.com.')]);
    assert.equal((await stateOf(id))?.gateway_mx, 'pphosted.com.');
    await deliverMail(world, keys, [at(3, 'mail.annaberg.example')]);
    assert.deepEqual([(await stateOf(id))?.gateway_mx, (await stateOf(id))?.gateway_mx_source], [null, 'delivery']);
  });

  it('keeps nobody else’s words where the message has no key any more', async () => {
    const id = await accepted();
    await deliverMail(world, keys, [{ ...outcome(id, 'bounced', '2026-11-20T10:01:00Z'), sealer: null }]);
    const [event] = await world.db.readAccount(keys.accountId, (tx) =>
      tx.query<{ sealed: Buffer }>(sql`
        SELECT detail_sealed AS sealed FROM events WHERE recipient_id = ${id} AND type = 'bounced'`),
    );
    const detail = openDelivery({ account: keys.vault, message: null }, event?.sealed ?? Buffer.alloc(0));
    assert.deepEqual(detail, { host: null, reply: null, why: 'accepted' });
    assert.deepEqual([(await stateOf(id))?.delivered_by_sealed, (await stateOf(id))?.gateway_mx_sealed], [null, null]);
  });

  it('never lets a recipient who has the message wait for it again, nor tells the same end twice', async () => {
    const id = await accepted();
    await deliverMail(world, keys, [outcome(id, 'delivered', '2026-11-20T10:01:00Z')]);
    const late = [outcome(id, 'deferred', '2026-11-20T10:02:00Z'), outcome(id, 'delivered', '2026-11-20T10:03:00Z')];
    const { recorded, stale } = await deliverMail(world, keys, late);
    assert.deepEqual([recorded.length, stale.length], [0, 2]);
    assert.deepEqual(await eventsOf(id), ['accepted', 'delivered']);
    assert.deepEqual((await stateOf(id))?.delivered_at, new Date('2026-11-20T10:01:00Z'));
  });

  it('believes a message returned after it was taken, and keeps when it was taken', async () => {
    const id = await accepted();
    await deliverMail(world, keys, [outcome(id, 'delivered', '2026-11-20T10:01:00Z')]);
    await deliverMail(world, keys, [outcome(id, 'bounced', '2026-11-20T11:00:00Z')]);
    assert.deepEqual(
      [(await stateOf(id))?.status, (await stateOf(id))?.delivered_at],
      ['bounced', new Date('2026-11-20T10:01:00Z')],
    );
    assert.deepEqual(await eventsOf(id), ['accepted', 'delivered', 'bounced']);
  });

  it('tells each attempt that only waited', async () => {
    const id = await accepted();
    const attempts = [1, 2, 3].map((minute) => outcome(id, 'deferred', `2026-11-20T10:0${minute}:00Z`));
    await deliverMail(world, keys, attempts);
    assert.deepEqual(await eventsOf(id), ['accepted', 'deferred', 'deferred', 'deferred']);
  });

  it('tells nothing of a recipient that this account does not have', async () => {
    const other = await testKeys(world, 'Other Clinic');
    const id = await accepted();
    const { stale } = await deliverMail(world, other, [outcome(id, 'delivered', '2026-11-20T10:01:00Z')]);
    assert.equal(stale.length, 1);
    assert.equal((await stateOf(id))?.status, 'queued');
  });
});
