/** Departments of an account, a tree whose session limits only tighten downwards, and the limits of the roles. */
import { record } from '../../audit/index.ts';
import type { Role } from '../../contract/permissions.ts';
import { roles } from '../../contract/permissions.ts';
import { Problem } from '../../contract/problem.ts';
import { judgeMove } from '../../core/access/department-tree.ts';
import { usualLimits } from '../../core/access/session-life.ts';
import type { Tx } from '../../platform/database.ts';
import { newId } from '../../platform/ids.ts';
import type { Caller } from '../../platform/route.ts';
import type { Gate } from '../gate.ts';
import { departmentForNew, isNarrowed, reaches } from '../narrowing.ts';
import type { Needs } from '../sign-in/sign-in.ts';
import {
  deleteDepartmentRow,
  insertDepartment,
  listDepartmentRows,
  listLimitRows,
  lockPeople,
  type StoredDepartment,
  type StoredLimit,
  updateDepartment,
  upsertLimit,
} from './people-store.ts';

/** Of who is narrowed, theirs and those below; what stands above them is not named. */
export async function listDepartments(world: Needs, caller: Caller): Promise<StoredDepartment[]> {
  const all = await world.db.readAccount(caller, listDepartmentRows);
  const shown = all.filter(({ id }) => reaches(caller, id));
  return shown.map((one) => (reaches(caller, one.parentId) ? one : { ...one, parentId: null }));
}

/** Throws department.unknown. */
export async function assertDepartment(tx: Tx, id: string | null): Promise<void> {
  if (id !== null && !(await listDepartmentRows(tx)).some((one) => one.id === id))
    throw new Problem('department.unknown');
}

/** Throws department.not_found, or department.above_caller: where somebody's access begins, those above decide. */
export async function departmentToChange(tx: Tx, caller: Caller, id: string): Promise<StoredDepartment> {
  const found = (await listDepartmentRows(tx)).find((one) => one.id === id);
  if (found === undefined || !reaches(caller, id)) throw new Problem('department.not_found');
  if (isNarrowed(caller) && !reaches(caller, found.parentId)) throw new Problem('department.above_caller');
  return found;
}

type Wish = { readonly [Name in Exclude<keyof StoredDepartment, 'id'>]?: StoredDepartment[Name] | undefined };

export function createDepartment(
  world: Needs,
  caller: Caller,
  wish: Wish & { readonly name: string },
): Promise<StoredDepartment> {
  const [at, { actor }] = [world.clock.now(), caller];
  const { name, idleMinutes = null, absoluteMinutes = null } = wish;
  const parentId = departmentForNew(caller, wish.parentId);
  const made = { id: newId(at), name, parentId, idleMinutes, absoluteMinutes };
  return world.db.asAccount(caller, async (tx) => {
    await lockPeople(tx);
    await assertPlace(tx, made);
    await insertDepartment(tx, made, at);
    const object = { kind: 'department', id: made.id } as const;
    await record(tx, { at, actor, action: 'department.created', object, detail: { idleMinutes, absoluteMinutes } });
    return made;
  });
}

export async function changeDepartment(
  world: Needs,
  gate: Gate,
  caller: Caller,
  id: string,
  wish: Wish,
): Promise<StoredDepartment> {
  const [at, { actor }] = [world.clock.now(), caller];
  const changed = await world.db.asAccount(caller, async (tx) => {
    await lockPeople(tx);
    const before = await departmentToChange(tx, caller, id);
    const given = Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined));
    const after: StoredDepartment = { ...before, ...given, id };
    if (!reaches(caller, after.parentId)) throw new Problem('department.unknown');
    await assertPlace(tx, after);
    await updateDepartment(tx, after);
    const { idleMinutes, absoluteMinutes } = after;
    const detail = { idleMinutes, absoluteMinutes, isMoved: after.parentId !== before.parentId };
    await record(tx, { at, actor, action: 'department.changed', object: { kind: 'department', id }, detail });
    return after;
  });
  gate.forget(caller.accountId);
  return changed;
}

export function deleteDepartment(world: Needs, caller: Caller, id: string): Promise<void> {
  const [at, { actor }] = [world.clock.now(), caller];
  return world.db.asAccount(caller, async (tx) => {
    await lockPeople(tx);
    await departmentToChange(tx, caller, id);
    if (!(await deleteDepartmentRow(tx, id))) throw new Problem('department.in_use');
    await record(tx, { at, actor, action: 'department.deleted', object: { kind: 'department', id }, detail: {} });
  });
}

async function assertPlace(tx: Tx, { id, parentId }: StoredDepartment): Promise<void> {
  const judged = judgeMove(await listDepartmentRows(tx), id, parentId);
  if (judged.kind === 'refused')
    throw new Problem(judged.why === 'no_such_parent' ? 'department.unknown' : 'department.misplaced');
}

export async function readSessionLimits(world: Needs, caller: Caller): Promise<StoredLimit[]> {
  const set = await world.db.readAccount(caller.accountId, listLimitRows);
  const limitOf = (role: Role): StoredLimit => set.find((one) => one.role === role) ?? { role, ...usualLimits };
  return (Object.keys(roles) as Role[]).map(limitOf);
}

export async function changeSessionLimits(
  world: Needs,
  gate: Gate,
  caller: Caller,
  limit: StoredLimit,
): Promise<StoredLimit> {
  const [at, { actor }] = [world.clock.now(), caller];
  await world.db.asAccount(caller.accountId, async (tx) => {
    await upsertLimit(tx, limit);
    const object = { kind: 'session-limits' } as const;
    await record(tx, { at, actor, action: 'session_limits.changed', object, detail: { ...limit } });
  });
  gate.forget(caller.accountId);
  return limit;
}
