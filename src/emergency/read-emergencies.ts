/** Emergency accesses as they are read: one's own, everybody's, and one with all that was done under it. */
import { accountVault, readRole } from '../accounts/index.ts';
import { type EmergencyEntry, entriesOfEmergency, record } from '../audit/index.ts';
import type { EmergencyAccessBody, EmergencyEntryBody } from '../contract/emergency.ts';
import type { Permission } from '../contract/permissions.ts';
import { Problem } from '../contract/problem.ts';
import type { Tx } from '../platform/database.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { describeEmergencies, describeEmergency, endOf } from './describe-emergency.ts';
import { countUnreviewed, listEmergencyRows, listEmergencyRowsOf, readEmergencyRow, readSettingsRow } from './store.ts';

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;

const mostListed = 500;
const mostOfOwn = 20;
/** What was begun under it may be written down after its end; an ending is heard of everywhere within seconds. */
const lateEntriesMs = 10 * 60_000;

const may = ({ permissions }: Caller, permission: Permission): boolean =>
  permissions === undefined || permissions.includes(permission);

export interface OwnEmergency {
  readonly mayOpen: boolean;
  readonly maxMinutes: number;
  readonly current: EmergencyAccessBody | null;
  readonly mine: EmergencyAccessBody[];
  readonly toReview: number | null;
}

export async function readOwnEmergency(world: Needs, caller: Caller): Promise<OwnEmergency> {
  const vault = await accountVault(world, caller.accountId);
  const now = world.clock.now();
  const userId = caller.session?.userId ?? null;
  return world.db.readAccount(caller.accountId, async (tx) => {
    const rows = userId === null ? [] : await listEmergencyRowsOf(tx, userId, mostOfOwn);
    const mine = await describeEmergencies(tx, vault, rows, now);
    const openHere = rows.find((row) => row.sessionId === caller.session?.id && endOf(row, now) === null);
    const { openers, maxMinutes } = await readSettingsRow(tx);
    const role = userId === null ? undefined : await readRole(tx, userId);
    return {
      ...{ mine, maxMinutes, mayOpen: may(caller, 'emergency.open') && role !== undefined && openers.includes(role) },
      current: mine.find((one) => one.id === openHere?.id) ?? null,
      toReview: may(caller, 'emergency.review') ? await countUnreviewed(tx, userId) : null,
    };
  });
}

export async function listEmergencies(world: Needs, caller: Caller): Promise<EmergencyAccessBody[]> {
  const vault = await accountVault(world, caller.accountId);
  const [at, { actor }] = [world.clock.now(), caller];
  return world.db.asAccount(caller.accountId, async (tx) => {
    const emergencies = await describeEmergencies(tx, vault, await listEmergencyRows(tx, mostListed), at);
    const detail = { emergencies: emergencies.length };
    await record(tx, { at, actor, action: 'emergencies.listed', object: { kind: 'emergencies' }, detail });
    return emergencies;
  });
}

export type EmergencyReport = EmergencyAccessBody & { entries: EmergencyEntryBody[] };

/** To look at; with a format, as a file to take away. */
export async function readEmergency(
  world: Needs,
  caller: Caller,
  id: string,
  format?: 'json' | 'csv',
): Promise<EmergencyReport> {
  const vault = await accountVault(world, caller.accountId);
  const [at, { actor }] = [world.clock.now(), caller];
  return world.db.asAccount(caller.accountId, async (tx) => {
    const row = await readEmergencyRow(tx, id);
    if (row === undefined) throw new Problem('emergency.not_found');
    const until = new Date((row.endedAt ?? row.endsAt).getTime() + lateEntriesMs);
    const entries = await entriesOf(tx, id, row.openedAt, until);
    const [object, counted] = [{ kind: 'emergency', id } as const, { entries: entries.length }];
    if (format === undefined) await record(tx, { at, actor, action: 'emergency.read', object, detail: counted });
    else await record(tx, { at, actor, action: 'emergency.exported', object, detail: { ...counted, format } });
    return { ...(await describeEmergency(tx, vault, row, at)), entries };
  });
}

const entriesOf = async (tx: Tx, id: string, since: Date, until: Date): Promise<EmergencyEntryBody[]> =>
  (await entriesOfEmergency(tx, id, since, until)).map(entryBody);

function entryBody({ id, at, action, objectKind, objectId, outcome, detail }: EmergencyEntry): EmergencyEntryBody {
  const { messageIds: listed, ...others } = detail;
  const messageIds = objectKind === 'message' && objectId !== null ? [objectId] : stringsOf(listed);
  return {
    id,
    at: at.toISOString(),
    action,
    object: { kind: objectKind, id: objectId },
    outcome,
    messageIds,
    detail: others,
  };
}

const stringsOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
