/** Ends emergency access: by whoever opened it, by whoever reviews, or because its time or session is over. */
import { accountVault, type Gate, isSessionOpen } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import type { EmergencyAccessBody } from '../contract/emergency.ts';
import { Problem } from '../contract/problem.ts';
import type { Tx } from '../platform/database.ts';
import type { Actor, Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { describeEmergency, endOf } from './describe-emergency.ts';
import {
  type EndedBy,
  listOpenRows,
  markEnded,
  readEmergencyRow,
  readOpenOfSession,
  type StoredEmergency,
} from './store.ts';

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;

const system: Actor = { kind: 'system', id: 'emergency' };

export const endEmergency = (world: Needs, gate: Gate, caller: Caller, id: string): Promise<EmergencyAccessBody> =>
  endOne(world, gate, caller, 'reviewer', async (tx) => {
    const found = await readEmergencyRow(tx, id, true);
    if (found === undefined) throw new Problem('emergency.not_found');
    return found;
  });

export const endOwnEmergency = (world: Needs, gate: Gate, caller: Caller): Promise<EmergencyAccessBody> =>
  endOne(world, gate, caller, 'user', async (tx) => {
    const found = await readOpenOfSession(tx, caller.session?.id ?? '', true);
    if (found === undefined) throw new Problem('emergency.not_open');
    return found;
  });

async function endOne(
  world: Needs,
  gate: Gate,
  caller: Caller,
  by: EndedBy,
  lock: (tx: Tx) => Promise<StoredEmergency>,
): Promise<EmergencyAccessBody> {
  const vault = await accountVault(world, caller.accountId);
  const at = world.clock.now();
  const ended = await world.db.asAccount(caller.accountId, async (tx) => {
    const row = await lock(tx);
    if (endOf(row, at) !== null) throw new Problem('emergency.not_open');
    await writeEnd(tx, row, at, by, caller.actor);
    const body = await describeEmergency(tx, vault, { ...row, endedAt: at, endedBy: by }, at);
    return { body, sessionId: row.sessionId };
  });
  gate.forget(ended.sessionId);
  return ended.body;
}

async function writeEnd(tx: Tx, { id }: StoredEmergency, at: Date, by: EndedBy, actor: Actor): Promise<void> {
  await markEnded(tx, id, at, by);
  await record(tx, { at, actor, action: 'emergency.ended', object: { kind: 'emergency', id }, detail: { by } });
}

/** Of the transaction's account. What another transaction is just ending is left to it. */
export async function endWhatIsOver(tx: Tx, now: Date): Promise<void> {
  for (const row of await listOpenRows(tx)) {
    if (now >= row.endsAt) await writeEnd(tx, row, row.endsAt, 'time', system);
    else if (!(await isSessionOpen(tx, row.sessionId, now))) await writeEnd(tx, row, now, 'session', system);
  }
}
