/** Makes, replaces, changes and ends users as a directory says. Whoever is gone for it comes back under the same id. */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import {
  addProvisionedUser,
  changeProvisionedUser,
  deactivateProvisionedUser,
  type Provisioner,
  reactivateProvisionedUser,
  userIndexOf,
} from '../accounts/index.ts';
import { Problem } from '../contract/problem.ts';
import { ScimFault } from '../core/provisioning/fault.ts';
import { applyPatch } from '../core/provisioning/patch.ts';
import { assertComplete, type Json, readResource } from '../core/provisioning/read-resource.ts';
import { enterpriseSchema, type Resource, userKind } from '../core/provisioning/schema.ts';
import type { Tx } from '../platform/database.ts';
import type { Caller } from '../platform/route.ts';
import { assertVersion, changingPeople, type Desk } from './desk.ts';
import { leaveAllGroups } from './group-store.ts';
import { emailsOf, keepUser } from './keep-user.ts';
import { settleStanding } from './settle-standing.ts';
import { openUserAttributes } from './show-resource.ts';
import { findUsers, listDepartmentNames, readSettings, readUserRows, type StoredUser } from './store.ts';
import { mustFind, showOne } from './users-shelf.ts';

const address = z.email().max(254);
const maxNameLength = 100;

/** Throws scim.invalid_value where there is no usable address. */
function addressOf(attributes: Resource): string {
  const emails = emailsOf(attributes);
  const chosen = emails.find((one) => one.primary === true) ?? emails.find((one) => one.type === 'work') ?? emails[0];
  const parsed = address.safeParse(chosen?.value ?? attributes.userName);
  if (!parsed.success)
    throw new ScimFault('invalidValue', chosen === undefined ? 'userName' : 'emails', 'is an email address');
  return parsed.data;
}

function nameOf(attributes: Resource): string {
  const name = typeof attributes.name === 'object' && !Array.isArray(attributes.name) ? attributes.name : {};
  const joined = [name.givenName, name.familyName].filter((part) => part !== undefined).join(' ');
  const chosen = attributes.displayName ?? name.formatted ?? (joined === '' ? attributes.userName : joined);
  return String(chosen).slice(0, maxNameLength);
}

function departmentNameOf(attributes: Resource): string | undefined {
  const enterprise = attributes[enterpriseSchema];
  const name = typeof enterprise === 'object' && !Array.isArray(enterprise) ? enterprise.department : undefined;
  return typeof name === 'string' ? name.normalize('NFC').toLowerCase() : undefined;
}

/** Undefined: no department is called so, or several are. */
async function departmentFor(tx: Tx, attributes: Resource): Promise<string | undefined> {
  const name = departmentNameOf(attributes);
  if (name === undefined) return undefined;
  const called = (await listDepartmentNames(tx)).filter((one) => one.name.normalize('NFC').toLowerCase() === name);
  return called.length === 1 ? called[0]?.id : undefined;
}

export function createUser(desk: Desk, caller: Caller, body: Json): Promise<Resource> {
  const attributes = readResource(userKind, body);
  assertComplete(userKind, attributes);
  const email = addressOf(attributes);
  return changingPeople(desk, caller, async (tx, by) => {
    const known = await findTaken(tx, by, String(attributes.userName), email);
    const wish = {
      ...{ email, name: nameOf(attributes), role: (await readSettings(tx)).defaultRole },
      departmentId: (await departmentFor(tx, attributes)) ?? null,
    };
    const id = known?.id ?? (await addProvisionedUser(tx, by, wish));
    if (known !== undefined) await bringBack(tx, by, known, wish, attributes.active !== false);
    else if (attributes.active === false) await deactivateProvisionedUser(tx, by, id);
    await keepUser(tx, by, id, { attributes, roleGiven: null, isOutByGroups: false });
    return showOne(tx, desk.baseUrl, by.vault, id);
  });
}

/** RFC 7644 §3.6: who was deleted is in nobody's way. Throws scim.user_name_taken or user.email_taken. */
async function findTaken(tx: Tx, by: Provisioner, userName: string, email: string): Promise<StoredUser | undefined> {
  const named = await readUserRows(tx, await findUsers(tx, 'userName', userIndexOf(by.vault, userName)));
  if (named.some((one) => !one.isDeleted)) throw new Problem('scim.user_name_taken');
  const addressed = await readUserRows(tx, await findUsers(tx, 'email', userIndexOf(by.vault, email)));
  return named[0] ?? addressed.find((one) => one.isDeleted);
}

async function bringBack(
  tx: Tx,
  by: Provisioner,
  { id }: StoredUser,
  wish: Parameters<typeof addProvisionedUser>[2],
  isWanted: boolean,
): Promise<void> {
  const { departmentId, ...others } = wish;
  await changeProvisionedUser(tx, by, id, { ...(departmentId === null ? others : wish), isOtherwise: true });
  if (isWanted) await reactivateProvisionedUser(tx, by, id);
}

/** What is not said is cleared, but for `active`: leaving it out lets nobody in and puts nobody out. RFC 7644 §3.5.1 */
export const replaceUser = (desk: Desk, caller: Caller, id: string, body: Json, ifMatch?: string): Promise<Resource> =>
  changeUser(desk, caller, id, ifMatch, (before) => {
    const after = readResource(userKind, body);
    return { ...after, active: after.active ?? before.active ?? true };
  });

export const patchUser = (desk: Desk, caller: Caller, id: string, body: Json, ifMatch?: string): Promise<Resource> =>
  changeUser(desk, caller, id, ifMatch, (before) => applyPatch(userKind, before, body));

function changeUser(
  desk: Desk,
  caller: Caller,
  id: string,
  ifMatch: string | undefined,
  change: (before: Resource) => Resource,
): Promise<Resource> {
  return changingPeople(desk, caller, async (tx, by) => {
    const row = await mustFind(tx, id);
    const shown = await showOne(tx, desk.baseUrl, by.vault, id);
    assertVersion(ifMatch, String((shown.meta as { version: string }).version));
    const before = openUserAttributes(by.vault, row);
    const after = change(before);
    assertComplete(userKind, after);
    await writeChange(tx, by, row, before, after);
    await settleStanding(tx, by, [id]);
    return showOne(tx, desk.baseUrl, by.vault, id);
  });
}

async function writeChange(tx: Tx, by: Provisioner, row: StoredUser, before: Resource, after: Resource): Promise<void> {
  await assertNameFree(tx, by, row.id, String(after.userName));
  const email = addressOf(after);
  // Who was renamed in the console stays so until the directory says another name.
  const isRenamed = nameOf(after) !== nameOf(before);
  const isElsewhere = departmentNameOf(after) !== departmentNameOf(before);
  await changeProvisionedUser(tx, by, row.id, {
    email: email === addressIn(before) ? undefined : email,
    name: isRenamed ? nameOf(after) : undefined,
    departmentId: isElsewhere ? await departmentFor(tx, after) : undefined,
    isOtherwise: !isDeepStrictEqual({ ...before, active: null }, { ...after, active: null }),
  });
  const isWanted = after.active !== false;
  if (!isWanted) await deactivateProvisionedUser(tx, by, row.id);
  // Whom losing groups put out, a group lets back in.
  else if (!row.isOutByGroups) await reactivateProvisionedUser(tx, by, row.id);
  const isOutByGroups = row.isOutByGroups && isWanted;
  await keepUser(tx, by, row.id, { attributes: after, roleGiven: row.roleGiven, isOutByGroups });
}

function addressIn(before: Resource): string | undefined {
  try {
    return addressOf(before);
  } catch {
    return undefined;
  }
}

async function assertNameFree(tx: Tx, by: Provisioner, id: string, userName: string): Promise<void> {
  const holders = await findUsers(tx, 'userName', userIndexOf(by.vault, userName));
  if (holders.some((one) => one !== id)) throw new Problem('scim.user_name_taken');
}

/** Nobody is erased: what the audit log names must stay somebody. */
export const deleteUser = (desk: Desk, caller: Caller, id: string, ifMatch?: string): Promise<void> =>
  changingPeople(desk, caller, async (tx, by) => {
    const row = await mustFind(tx, id);
    const shown = await showOne(tx, desk.baseUrl, by.vault, id);
    assertVersion(ifMatch, String((shown.meta as { version: string }).version));
    const isEnded = await deactivateProvisionedUser(tx, by, id);
    if (!isEnded) await changeProvisionedUser(tx, by, id, { isOtherwise: true });
    await leaveAllGroups(tx, id, by.at);
    const attributes = { ...openUserAttributes(by.vault, row), active: false };
    await keepUser(tx, by, id, { attributes, roleGiven: null, isOutByGroups: false, isDeleted: true });
  });
