/** What a department decides for its mail, what it inherits and what holds. Who may be told and change it: who reaches it. */
import { isDeepStrictEqual } from 'node:util';
import { record } from '../../audit/index.ts';
import type { DepartmentSettings, OwnPolicies } from '../../contract/departments.ts';
import { Problem } from '../../contract/problem.ts';
import { chainAbove, decidePolicies, type PolicyHolder, policyNames } from '../../core/access/department-policy.ts';
import type { Tx } from '../../platform/database.ts';
import type { Caller } from '../../platform/route.ts';
import { reaches } from '../narrowing.ts';
import type { Needs } from '../sign-in/sign-in.ts';
import { readSettingsRow } from '../store.ts';
import { departmentToChange } from './departments.ts';
import { listPolicyHolders, lockPeople, updatePolicies } from './people-store.ts';

export function readDepartmentPolicies(world: Needs, caller: Caller, id: string): Promise<DepartmentSettings> {
  if (!reaches(caller, id)) throw new Problem('department.not_found');
  return world.db.readAccount(caller, (tx) => settingsOf(tx, caller, id));
}

type Wish = { readonly [Name in keyof OwnPolicies]?: OwnPolicies[Name] | undefined };

export function changeDepartmentPolicies(
  world: Needs,
  caller: Caller,
  id: string,
  wish: Wish,
): Promise<DepartmentSettings> {
  const [at, { actor }] = [world.clock.now(), caller];
  return world.db.asAccount(caller, async (tx) => {
    await lockPeople(tx);
    await departmentToChange(tx, caller, id);
    const { own } = await settingsOf(tx, caller, id);
    const changed = policyNames.filter((name) => wish[name] !== undefined && !isDeepStrictEqual(wish[name], own[name]));
    if (changed.length > 0) {
      const pick = (from: Wish) => Object.fromEntries(changed.map((name) => [name, from[name]]));
      await updatePolicies(tx, id, { ...own, ...pick(wish) });
      const detail = { from: pick(own), to: pick(wish) };
      const object = { kind: 'department', id } as const;
      await record(tx, { at, actor, action: 'department_settings.changed', object, detail });
    }
    return settingsOf(tx, caller, id);
  });
}

async function settingsOf(tx: Tx, caller: Caller, id: string): Promise<DepartmentSettings> {
  const chain = chainAbove(await listPolicyHolders(tx, [id]), id);
  const [self, ...above] = chain;
  if (self === undefined) throw new Problem('department.not_found');
  const account = await readSettingsRow(tx, false);
  const told = (held: readonly PolicyHolder[]) => withoutForeign(caller, decidePolicies(account, held));
  const own = Object.fromEntries(policyNames.map((name) => [name, self[name]])) as unknown as OwnPolicies;
  return { own, effective: told(chain), inherited: told(above) };
}

/** Who is narrowed sees what holds; of what was decided above them, not by whom. */
function withoutForeign<D extends ReturnType<typeof decidePolicies>>(caller: Caller, decided: D): D {
  const told = policyNames.map((name) => {
    const { value, from } = decided[name];
    return [name, { value, from: reaches(caller, from) ? from : null }];
  });
  return Object.fromEntries(told) as D;
}
