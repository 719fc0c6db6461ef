/**
 * Erases what is past an account's time, oldest first, each message in a transaction of its own together with the count of
 * it, by the use case of DELETE and with its certificate. Whoever is stopped is followed by another, who goes on.
 */
import { randomUUID } from 'node:crypto';
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import type { AccountKeys } from '../events/index.ts';
import { DatabaseUnavailable, type Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import { errorFacts } from '../platform/log.ts';
import type { World } from '../platform/world.ts';
import { eraseUnlessKept } from '../sending/index.ts';
import { cutoff } from './choose-retention.ts';
import { countOlder, moveNextRun } from './policy-store.ts';
import {
  accountsWithWork,
  addErased,
  type Candidate,
  currentRevision,
  endRun,
  heldAmong,
  insertRun,
  lockPolicy,
  openRun,
  type Runner,
  type RunRow,
  selectDue,
  takeRun,
} from './run-store.ts';

type Needs = Pick<World, 'db' | 'vault' | 'clock' | 'log'>;

/** A process that was stopped is followed after so long. */
const leaseMs = 60_000;
const messagesPerLook = 100;

/** The run is another's by now. */
class RunLost extends Error {}

interface Running {
  readonly run: Pick<RunRow, 'id' | 'before' | 'revision'>;
  readonly account: AccountKeys;
  readonly runner: string;
}

/** Begins what is due, takes up what nobody is at, and works on it to its end. Gives how many messages were erased. */
export async function runRetention(world: Needs, closing?: AbortSignal): Promise<number> {
  let erased = 0;
  for (const accountId of await world.db.asWorker((tx) => accountsWithWork(tx, world.clock.now()))) {
    if (closing?.aborted === true) break;
    erased += await runAccount(world, accountId, closing);
  }
  return erased;
}

async function runAccount(world: Needs, accountId: string, closing?: AbortSignal): Promise<number> {
  const account = { accountId, vault: await accountVault(world, accountId) };
  const runner = randomUUID();
  const run = await world.db.asAccount(accountId, (tx) => beginOrTake(tx, world, runner));
  if (run === undefined) return 0;
  const tally = { erased: 0 };
  try {
    const how = await eraseDue(world, { run, account, runner }, tally, closing);
    if (how !== 'interrupted') await finish(world, { run, account, runner }, how);
  } catch (error) {
    if (!(error instanceof RunLost)) throw error; // its new owner goes on
  }
  return tally.erased;
}

const runnerOf = (runner: string, { clock }: Pick<World, 'clock'>): Runner => ({
  runner,
  leaseUntil: new Date(clock.now().getTime() + leaseMs),
});

async function beginOrTake(tx: Tx, world: Needs, runner: string): Promise<Running['run'] | undefined> {
  const now = world.clock.now();
  const policy = await lockPolicy(tx);
  const open = await openRun(tx);
  if (open !== undefined) {
    if (open.leaseUntil > now) return undefined;
    await takeRun(tx, open.id, runnerOf(runner, world));
    return open;
  }
  const { messageDays = null, nextRunAt = null, hour = 0, revision = 0 } = policy ?? {};
  if (messageDays === null || nextRunAt === null || nextRunAt > now) return undefined;
  const before = cutoff(now, messageDays);
  const { all: expected } = await countOlder(tx, before);
  const run = { id: newId(now), startedAt: now, revision, before, expected };
  await insertRun(tx, run, runnerOf(runner, world));
  await moveNextRun(tx, now, hour);
  return run;
}

async function eraseDue(
  world: Needs,
  running: Running,
  tally: { erased: number },
  closing?: AbortSignal,
): Promise<'done' | 'stopped' | 'interrupted'> {
  const { run, account } = running;
  for (let after: Candidate | undefined; ; ) {
    const { due, held } = await world.db.asAccount(account.accountId, (tx) => look(tx, world, running, after));
    for (const { id } of due) {
      if (closing?.aborted === true) return 'interrupted';
      if (held.has(id)) continue;
      const outcome = await eraseOne(world, running, id);
      if (outcome === 'policy_changed') return 'stopped';
      if (outcome === 'erased') tally.erased += 1;
    }
    after = due.at(-1);
    if (due.length < messagesPerLook) return (await hasChanged(world, running)) ? 'stopped' : 'done';
    world.log.debug({ accountId: account.accountId, runId: run.id, erased: tally.erased }, 'retention goes on');
  }
}

async function look(tx: Tx, world: Needs, { run, runner }: Running, after: Candidate | undefined) {
  if (!(await addErased(tx, run.id, runnerOf(runner, world), 0))) throw new RunLost();
  const due = await selectDue(tx, run.before, after, messagesPerLook);
  return {
    due,
    held: await heldAmong(
      tx,
      due.map(({ id }) => id),
    ),
  };
}

const hasChanged = (world: Needs, { run, account }: Running): Promise<boolean> =>
  world.db.asAccount(account.accountId, async (tx) => (await currentRevision(tx)) !== run.revision);

/** One that cannot be erased now must not keep the others: it is told, and tried again by the next run. */
async function eraseOne(world: Needs, running: Running, id: string): Promise<'erased' | 'kept' | 'policy_changed'> {
  const { run, account, runner } = running;
  try {
    return await world.db.asAccount(account.accountId, async (tx) => {
      if ((await currentRevision(tx)) !== run.revision) return 'policy_changed';
      const outcome = await eraseUnlessKept(tx, world, account, id);
      if (outcome.kind !== 'erased') return 'kept';
      if (!(await addErased(tx, run.id, runnerOf(runner, world), 1))) throw new RunLost();
      return 'erased';
    });
  } catch (error) {
    if (error instanceof RunLost || error instanceof DatabaseUnavailable) throw error;
    world.log.error(
      { accountId: account.accountId, messageId: id, ...errorFacts(error) },
      'retention passed over a message',
    );
    return 'kept';
  }
}

async function finish(world: Needs, { run, account, runner }: Running, how: 'done' | 'stopped'): Promise<void> {
  const at = world.clock.now();
  await world.db.asAccount(account.accountId, async (tx) => {
    const { held: keptByHolds } = await countOlder(tx, run.before);
    const erased = await endRun(tx, run.id, runner, { at, how, keptByHolds });
    if (erased === undefined) throw new RunLost();
    await record(tx, {
      at,
      actor: { kind: 'system', id: 'retention' },
      action: 'retention.ran',
      object: { kind: 'retention', id: run.id },
      detail: { how, erased, keptByHolds },
    });
  });
}
