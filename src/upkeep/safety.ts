/**
 * What the console is told of keys and backups, and what it may ask for. It makes no backup: that is a row, which a
 * process with a folder for backups takes.
 */
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import { newId } from '../platform/ids.ts';
import type { KeyProvider } from '../platform/key-provider.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { keyCopyMs } from './backup-folders.ts';
import { isOperator } from './operator.ts';
import { startRotation } from './rotate-keys.ts';
import {
  type BackupPlan,
  type BackupRequest,
  type BackupRow,
  insertRequest,
  type KeyInUse,
  type LastRotation,
  readBackupRows,
  readKeyInUse,
  readLastMade,
  readLastRequest,
  readLastRotation,
  readPlan,
  savePlan,
  type WhatAsked,
} from './safety-store.ts';

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;

export interface KeysTold extends KeyInUse {
  readonly provider: KeyProvider['name'];
  readonly rotation: LastRotation | undefined;
}

export const tellKeys = (world: Needs, caller: Caller, provider: KeyProvider['name']): Promise<KeysTold> =>
  world.db.readAccount(caller.accountId, async (tx) => ({
    provider,
    ...(await readKeyInUse(tx, world.clock.now())),
    rotation: await readLastRotation(tx),
  }));

export async function askForRotation(world: Needs, { accountId, actor }: Caller): Promise<LastRotation> {
  const last = await world.db.readAccount(accountId, readLastRotation);
  if (last !== undefined && last.doneAt === null) throw new Problem('keys.rotation_under_way');
  return startRotation(world, { accountId, actor });
}

export interface BackupsTold {
  readonly isOperator: boolean;
  readonly canMake: boolean;
  readonly lastMadeAt: Date | null;
  readonly plan: BackupPlan;
  readonly request: BackupRequest | undefined;
  readonly backups: readonly (BackupRow & { readonly keyCopiesUntil: Date })[];
}

/** A worker looks several times in this. */
const lookedLatelyMs = 90_000;
const noPlan: BackupPlan = { everyHours: null, keepDays: null, lookedAt: null };

export async function tellBackups(world: Needs, { accountId }: Caller): Promise<BackupsTold> {
  const isOurs = await isOperator(world.db, accountId);
  return world.db.readAccount(accountId, async (tx): Promise<BackupsTold> => {
    const lastMadeAt = await readLastMade(tx);
    if (!isOurs)
      return { isOperator: false, canMake: false, lastMadeAt, plan: noPlan, request: undefined, backups: [] };
    const plan = await readPlan(tx);
    const rows = await readBackupRows(tx);
    return {
      isOperator: true,
      canMake: canMake(plan, world.clock.now()),
      lastMadeAt,
      plan,
      request: await readLastRequest(tx),
      backups: rows.map((row) => ({ ...row, keyCopiesUntil: new Date(row.startedAt.getTime() + keyCopyMs) })),
    };
  });
}

const canMake = ({ lookedAt }: BackupPlan, now: Date): boolean =>
  lookedAt !== null && now.getTime() - lookedAt.getTime() < lookedLatelyMs;

export async function askForBackup(world: Needs, caller: Caller, what: WhatAsked): Promise<BackupRequest> {
  await refuseOthers(world, caller);
  const at = world.clock.now();
  return world.db.asAccount(caller.accountId, async (tx) => {
    if (!canMake(await readPlan(tx), at)) throw new Problem('backup.no_folder');
    const request = await insertRequest(tx, newId(at), what, at);
    if (request === undefined) throw new Problem('backup.under_way');
    await record(tx, {
      at,
      actor: caller.actor,
      action: 'backup.asked',
      object: { kind: 'backup', id: request.id },
      detail: { what },
    });
    return request;
  });
}

export async function changePlan(world: Needs, caller: Caller, plan: Omit<BackupPlan, 'lookedAt'>): Promise<void> {
  await refuseOthers(world, caller);
  await world.db.asAccount(caller.accountId, async (tx) => {
    await savePlan(tx, plan);
    await record(tx, {
      at: world.clock.now(),
      actor: caller.actor,
      action: 'backup_plan.changed',
      object: { kind: 'backup' },
      detail: { everyHours: plan.everyHours, keepDays: plan.keepDays },
    });
  });
}

async function refuseOthers({ db }: Needs, { accountId }: Caller): Promise<void> {
  if (!(await isOperator(db, accountId))) throw new Problem('safety.operator_only');
}
