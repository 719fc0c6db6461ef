/** How safely the installation runs: what the doctor finds, the keys in use, and backups. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { id, instant, noParams, noQuery, nothing } from './values.ts';

const finding = z.object({
  check: z.string(),
  state: z.enum(['ok', 'warn', 'fail']),
  says: z.string(),
  remedy: z.string().nullable().meta({ description: 'What to do; null where all is well.' }),
});

export const readDoctor = endpoint({
  name: 'readDoctor',
  method: 'GET',
  path: '/v1/doctor',
  summary:
    'What `waxwing doctor` finds, worst first; made anew after a minute. The account that runs the installation, its oldest, is told of all of it; every other one of its own audit log and keys alone.',
  area: 'safety',
  params: noParams,
  query: noQuery,
  body: nothing,
  status: 200,
  result: z
    .object({ checkedAt: instant, scope: z.enum(['installation', 'account']), findings: z.array(finding) })
    .meta({ id: 'DoctorReport' }),
  problems: [],
});

const rotation = z.object({
  version: z.int(),
  startedAt: instant,
  total: z.int().meta({ description: 'Messages that had a key when it began.' }),
  rewrapped: z.int(),
  doneAt: instant.nullable(),
});

export const readKeys = endpoint({
  name: 'readKeys',
  method: 'GET',
  path: '/v1/safety/keys',
  summary: 'Which wrapping key of the account is in use since when, and how far its last rotation has come.',
  area: 'safety',
  params: noParams,
  query: noQuery,
  body: nothing,
  status: 200,
  result: z.object({
    provider: z.enum(['file', 'aws-kms', 'vault-transit']).meta({ description: 'What guards the key file’s lines.' }),
    version: z.int(),
    since: instant,
    rotation: rotation.nullable().meta({ description: 'The last one; null: there was none yet.' }),
  }),
  problems: [],
});

export const rotateKeys = endpoint({
  name: 'rotateKeys',
  method: 'POST',
  path: '/v1/safety/keys/rotate',
  summary: 'Begin to seal the keys of all messages anew under a fresh wrapping key. Nothing stops meanwhile.',
  area: 'safety',
  stepUp: true,
  params: noParams,
  query: noQuery,
  body: nothing,
  status: 202,
  result: rotation,
  problems: ['keys.rotation_under_way'],
});

const backup = z.object({
  id,
  madeAt: instant,
  kind: z.enum(['full', 'increment']),
  fullId: id.meta({ description: 'The full backup that it leans on; itself where it is one.' }),
  sizeBytes: z.int(),
  rows: z.int(),
  keyCopiesUntil: instant.meta({ description: 'When its copies of keys end. Later ones open it too while they last.' }),
  checkedAt: instant.nullable().meta({ description: 'When its files were last read again.' }),
  fault: z.string().nullable().meta({ description: 'What was wrong then.' }),
});

const request = z.object({
  id,
  what: z.enum(['backup', 'full_backup', 'check']),
  askedAt: instant,
  startedAt: instant.nullable(),
  endedAt: instant.nullable(),
  fault: z.string().nullable(),
});

const plan = z.object({
  everyHours: z.int().min(1).max(168).nullable().meta({ description: 'Null: none is made by itself.' }),
  keepDays: z
    .int()
    .min(7)
    .max(3650)
    .nullable()
    .meta({ description: 'Chains of which even the newest backup is older are removed. Null: none is.' }),
});

export const readBackups = endpoint({
  name: 'readBackups',
  method: 'GET',
  path: '/v1/safety/backups',
  summary:
    'The backups that there are, newest first, the plan and what was last asked for. Accounts that do not run the installation are told when the last one was made, and no more.',
  area: 'safety',
  params: noParams,
  query: noQuery,
  body: nothing,
  status: 200,
  result: z.object({
    isOperator: z.boolean().meta({ description: 'Whether the account runs the installation.' }),
    canMake: z.boolean().meta({ description: 'Whether a process with a folder for backups is running.' }),
    lastMadeAt: instant.nullable(),
    plan,
    request: request.nullable(),
    backups: z.array(backup),
  }),
  problems: [],
});

export const askForBackup = endpoint({
  name: 'askForBackup',
  method: 'POST',
  path: '/v1/safety/backups',
  summary: 'Have a backup made or checked now, by a worker that has a folder for backups.',
  area: 'safety',
  stepUp: true,
  params: noParams,
  query: noQuery,
  body: z.object({ what: request.shape.what }),
  status: 202,
  result: request,
  problems: ['safety.operator_only', 'backup.no_folder', 'backup.under_way'],
});

export const changeBackupPlan = endpoint({
  name: 'changeBackupPlan',
  method: 'PUT',
  path: '/v1/safety/backup-plan',
  summary: 'Decide how often backups are made by themselves, and how long they are kept.',
  area: 'safety',
  stepUp: true,
  params: noParams,
  query: noQuery,
  body: plan,
  status: 200,
  result: plan,
  problems: ['safety.operator_only'],
});

export const safetyEndpoints = [readDoctor, readKeys, rotateKeys, readBackups, askForBackup, changeBackupPlan];
