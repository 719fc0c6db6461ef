/** The HTTP routes of upkeep: the doctor, keys and backups. */
import {
  askForBackup as askForBackupEndpoint,
  changeBackupPlan,
  readBackups,
  readDoctor,
  readKeys,
  rotateKeys,
} from '../contract/upkeep.ts';
import type { KeyProvider } from '../platform/key-provider.ts';
import { type Route, route, writes, writesNothing } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import type { Finding } from './finding.ts';
import { askForBackup, askForRotation, type BackupsTold, changePlan, tellBackups, tellKeys } from './safety.ts';
import type { BackupRequest, LastRotation } from './safety-store.ts';
import { openDoctor } from './tell-doctor.ts';

export interface UpkeepOptions {
  readonly keyProvider: KeyProvider['name'];
  /** All that the doctor looks at, in bounded time. */
  readonly examineAll: () => Promise<readonly Finding[]>;
}

export function upkeepRoutes(world: World, { keyProvider, examineAll }: UpkeepOptions): Route[] {
  const doctor = openDoctor(world, examineAll);
  return [
    route(
      readDoctor,
      'safety.read',
      writesNothing('It is about machines and keys, and names no person.'),
      async (_, caller) => {
        const { checkedAt, scope, findings } = await doctor(caller);
        return { checkedAt: checkedAt.toISOString(), scope, findings: findings.map(findingBody) };
      },
    ),
    route(readKeys, 'safety.read', writesNothing('Numbers of keys and times, never a key.'), async (_, caller) => {
      const { provider, version, since, rotation } = await tellKeys(world, caller, keyProvider);
      const last = rotation === undefined ? null : rotationBody(rotation);
      return { provider, version, since: since.toISOString(), rotation: last };
    }),
    route(rotateKeys, 'safety.manage', writes('keys.rotation_started'), async (_, caller) =>
      rotationBody(await askForRotation(world, caller)),
    ),
    route(
      readBackups,
      'safety.read',
      writesNothing('Times and sizes of backups, nothing of what is in them.'),
      async (_, caller) => backupsBody(await tellBackups(world, caller)),
    ),
    route(askForBackupEndpoint, 'safety.manage', writes('backup.asked'), async ({ body }, caller) =>
      requestBody(await askForBackup(world, caller, body.what)),
    ),
    route(changeBackupPlan, 'safety.manage', writes('backup_plan.changed'), async ({ body }, caller) => {
      await changePlan(world, caller, body);
      return body;
    }),
  ];
}

const findingBody = ({ check, state, says, remedy }: Finding) => ({ check, state, says, remedy: remedy ?? null });

const rotationBody = ({ version, startedAt, total, rewrapped, doneAt }: LastRotation) => ({
  version,
  startedAt: startedAt.toISOString(),
  total: Number(total),
  rewrapped: Number(rewrapped),
  doneAt: doneAt?.toISOString() ?? null,
});

const requestBody = ({ id, what, askedAt, startedAt, endedAt, fault }: BackupRequest) => ({
  id,
  what,
  askedAt: askedAt.toISOString(),
  startedAt: startedAt?.toISOString() ?? null,
  endedAt: endedAt?.toISOString() ?? null,
  fault,
});

const backupsBody = ({ isOperator, canMake, lastMadeAt, plan, request, backups }: BackupsTold) => ({
  isOperator,
  canMake,
  lastMadeAt: lastMadeAt?.toISOString() ?? null,
  plan: { everyHours: plan.everyHours, keepDays: plan.keepDays },
  request: request === undefined ? null : requestBody(request),
  backups: backups.map((one) => ({
    id: one.id,
    madeAt: one.startedAt.toISOString(),
    kind: one.fullId === one.id ? ('full' as const) : ('increment' as const),
    fullId: one.fullId,
    sizeBytes: Number(one.sizeBytes),
    rows: Number(one.rowCount),
    keyCopiesUntil: one.keyCopiesUntil.toISOString(),
    checkedAt: one.checkedAt?.toISOString() ?? null,
    fault: one.fault,
  })),
});
