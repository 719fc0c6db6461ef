import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { EdgeOrder } from '../../test/kit/edge-child.ts';
import { testKeys } from '../../test/kit/mail.ts';
import { differencesFromRecount } from '../../test/kit/recount.ts';
import { sendTracked, type TrackedCopy, until } from '../../test/kit/tracking.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import type { AccountKeys } from '../events/index.ts';
import { sql } from '../platform/database.ts';

const rounds = 24;
const clients = 24;
const program = fileURLToPath(new URL('../../test/kit/edge-child.ts', import.meta.url));

let world: TestWorld;
let keys: AccountKeys;
let journalDir: string;
let copies: TrackedCopy[];
before(async () => {
  world = await testWorld(new Date().toISOString());
  keys = await testKeys(world);
  journalDir = await mkdtemp(join(tmpdir(), 'waxwing-crash-'));
  const to = Array.from({ length: 400 }, (_, n) => `person${n}@example.org`);
  copies = await sendTracked(world, keys, '', { to, acceptedAt: new Date(Date.now() - 3_600_000) });
});
after(async () => {
  await rm(journalDir, { recursive: true, force: true });
  await world.close();
});

interface Program {
  readonly child: ChildProcess;
  readonly port: number;
}

async function start(round: number): Promise<Program> {
  const child = fork(program);
  const order: EdgeOrder = {
    journalDir,
    connectionUrl: world.database.connectionUrl,
    masterKey: world.masterKey.toString('hex'),
    isThreaded: round % 2 === 0,
  };
  child.send(order);
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return { child, port };
}

async function kill({ child }: Program): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** Each request is known by a link index of its own, beyond those of any link. */
let serial = 1_000;
const acknowledged = new Set<number>();

async function askUntilItDies(port: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    for (;;) {
      serial += 1;
      const own = serial;
      const copy = copies[own % copies.length] as TrackedCopy;
      if (await isAnswered(port, agent, copy.click(own, 'https://clinic.example/x'))) acknowledged.add(own);
    }
  } catch {
    // the program was killed
  } finally {
    agent.destroy();
  }
}

function isAnswered(port: number, agent: Agent, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent }, (response) => {
      response.on('error', reject).on('end', () => resolve(response.statusCode === 302));
      response.resume();
    }).on('error', reject);
  });
}

const storedIndexes = async (): Promise<number[]> => {
  const rows = await world.db.readAccount(keys.accountId, (tx) =>
    tx.query<{ link_index: number }>(sql`SELECT link_index FROM events WHERE type = 'clicked'`),
  );
  return rows.map((row) => row.link_index);
};

describe('kill -9 of the edge and its drain', () => {
  it(`loses no acknowledged hit and doubles none, over ${rounds} kills at random moments`, {
    timeout: 120_000,
  }, async () => {
    for (let round = 0; round < rounds; round++) {
      const running = await start(round);
      const load = Promise.all(Array.from({ length: clients }, () => askUntilItDies(running.port)));
      await sleep(20 + Math.random() * 400);
      await kill(running);
      await load;
    }
    const last = await start(1);
    const isThere = async (): Promise<boolean> => {
      const stored = new Set(await storedIndexes());
      return [...acknowledged].every((own) => stored.has(own));
    };
    await until(isThere, 'every acknowledged hit is stored', 60_000).catch(() => undefined);
    await kill(last);
    const stored = await storedIndexes();
    const known = new Set(stored);
    assert.ok(acknowledged.size > rounds * 20, `only ${acknowledged.size} hits were acknowledged`);
    assert.equal([...acknowledged].filter((own) => !known.has(own)).length, 0, 'lost');
    assert.equal(stored.length - known.size, 0, 'doubled');
    assert.deepEqual(await differencesFromRecount(world.database.connection), []);
  });
});
