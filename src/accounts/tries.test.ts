import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestAccount } from '../../test/kit/account.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { Problem } from '../contract/problem.ts';
import { sql } from '../platform/database.ts';
import { openGate } from './gate.ts';
import { countKeyTries, countTries } from './tries.ts';

let world: TestWorld;
before(async () => {
  world = await testWorld();
});
after(() => world.close());

/** Seconds to wait; 0: the try was taken. */
async function waitOf(trying: Promise<unknown>): Promise<number> {
  try {
    await trying;
    return 0;
  } catch (error) {
    assert.ok(error instanceof Problem);
    assert.equal(error.code, 'request.rate_limited');
    return error.retryAfterSeconds ?? -1;
  }
}

const stored = () =>
  world.db.asWorker((tx) => tx.query<{ who: Buffer; failures: number }>(sql`SELECT who, failures FROM failed_tries`));

test('going from process to process, and starting them anew, gains nobody a try', async () => {
  const waits: number[] = [];
  for (let n = 0; n < 7; n += 1)
    waits.push(await waitOf(countTries(world).begin({ source: `198.51.100.${n}`, user: 'rotated' })));
  assert.deepEqual(waits, [0, 0, 0, 0, 0, 2, 2]);
});

test('of many tries at the same moment in different processes as many are taken as one after the other', async () => {
  const tries = Array.from({ length: 12 }, () => countTries(world).begin({ source: '198.51.100.50', user: 'at-once' }));
  const waits = await Promise.all(tries.map(waitOf));
  assert.equal(waits.filter((wait) => wait === 0).length, 5);
});

test('whoever came in starts from nothing again, and his network has one failure less', async () => {
  const tries = countTries(world);
  const triers = { source: '198.51.100.60', user: 'forgetful' };
  for (let n = 0; n < 5; n += 1) await tries.begin(triers);
  world.clock.advance(2_000);
  await tries.begin(triers);
  await countTries(world).succeeded(triers);
  for (let n = 0; n < 5; n += 1) assert.equal(await waitOf(tries.begin(triers)), 0);
});

test('nobody is kept out longer than a quarter of an hour after the last try that was taken', async () => {
  const triers = { source: '198.51.100.70', user: 'victim' };
  let longest = 0;
  for (let n = 0; n < 30; n += 1) {
    const wait = await waitOf(countTries(world).begin({ ...triers, source: `198.51.100.${100 + n}` }));
    longest = Math.max(longest, wait);
    world.clock.advance(wait * 1000);
  }
  assert.equal(longest, 900);
  world.clock.advance(900_000);
  assert.equal(await waitOf(countTries(world).begin(triers)), 0);
});

test('who tried lies nowhere readable, and is gone after an hour', async () => {
  await countTries(world).begin({ source: '203.0.113.5', user: 'ana@example.org' });
  for (let n = 0; n < 15; n += 1) await countTries(world).begin({ source: `192.0.2.${n}`, user: `user ${n}` });
  const text = JSON.stringify(await stored());
  for (const secret of ['203.0.113.5', 'ana@example.org'])
    for (const spelling of [secret, Buffer.from(secret).toString('hex'), Buffer.from(secret).toString('base64')])
      assert.ok(!text.includes(spelling));
  assert.ok((await stored()).length > 30);
  world.clock.advance(3_600_001);
  for (let n = 0; n < 10; n += 1) await countTries(world).begin({ source: 'the last', user: `last ${n}` });
  assert.equal((await stored()).length, 11);
});

test('wrong API keys are counted by address in all processes; right ones that are in use go on', async () => {
  const { apiKey } = await createTestAccount(world);
  const other = await createTestAccount(world);
  const newcomer = await createTestAccount(world);
  const asking = (gate: ReturnType<typeof openGate>, key: string, address: string) =>
    gate.identify({ method: 'GET', address, headers: { authorization: `Bearer ${key}` } }, 'messages.read');
  const first = openGate(world, { publicUrl: 'http://127.0.0.1' });
  await asking(first, apiKey, '203.0.113.9');
  const source = '203.0.113.9';
  for (let n = 0; n < 300; n += 1) await countKeyTries(world).failed(source, Buffer.alloc(32, n));
  const second = openGate(world, { publicUrl: 'http://127.0.0.1' });
  for (const gate of [first, second]) assert.equal(await waitOf(asking(gate, `wx_${'Q'.repeat(32)}`, source)), 1);
  assert.equal(await waitOf(asking(first, apiKey, source)), 0, 'a key in use');
  assert.equal(await waitOf(asking(second, other.apiKey, '203.0.113.10')), 0, 'another address');
  assert.equal(await second.identifyByApiKey(newcomer.apiKey, source, 'messages.send'), undefined);
  world.clock.advance(1_000);
  assert.equal(await waitOf(asking(second, newcomer.apiKey, source)), 0, 'a second later the next is looked up');
  await assert.rejects(asking(second, `wx_${'R'.repeat(32)}`, source), { code: 'request.rate_limited' });
  world.clock.advance(1_000);
  await assert.rejects(asking(second, `wx_${'R'.repeat(32)}`, source), { code: 'auth.invalid' });
});

test('of many wrong keys at the same moment one is looked up a second', async () => {
  const source = '203.0.113.20';
  for (let n = 0; n < 300; n += 1) await countKeyTries(world).failed(source, Buffer.alloc(32, n));
  world.clock.advance(1_000);
  const waits = await Promise.all(
    Array.from({ length: 8 }, (_, n) => waitOf(countKeyTries(world).begin(source, Buffer.alloc(32, n)))),
  );
  assert.equal(waits.filter((wait) => wait === 0).length, 1);
});
