/** What the small numbers of reports mean, and which number a campaign or domain has. Reads only. */
import QuickLRU from 'quick-lru';
import { type AccountKeys, type DimensionKind, dimensionIndex } from '../events/index.ts';
import type { Tx } from '../platform/database.ts';
import type { Caller } from '../platform/route.ts';
import {
  type DepartmentCampaign,
  departmentsBelow,
  findDimensionId,
  listDepartmentCampaigns,
  readDimensionValues,
} from './dimension-store.ts';

/** No row has it: a filter by an unknown value selects nothing. */
const nobody = -1;

/** The number to select by; undefined when nothing was asked for. */
export async function numberOf(
  tx: Tx,
  { accountId, vault }: AccountKeys,
  kind: DimensionKind,
  value: string | undefined,
): Promise<number | undefined> {
  if (value === undefined) return undefined;
  return (await findDimensionId(tx, accountId, kind, dimensionIndex(vault, kind, value))) ?? nobody;
}

/** Departments to select by: what the caller reaches, and of that what was asked for. Undefined: every one. */
export async function departmentsOf(
  tx: Tx,
  { departments }: Pick<Caller, 'departments'>,
  askedId: string | undefined,
): Promise<readonly string[] | undefined> {
  if (askedId === undefined) return departments;
  const below = await departmentsBelow(tx, askedId);
  return departments === undefined ? below : below.filter((id) => departments.includes(id));
}

/** The numbers to select by: a campaign has one in the account, and one in each department that sent it. */
export async function campaignsOf(
  tx: Tx,
  account: AccountKeys,
  campaign: string | undefined,
  departments: readonly string[] | undefined,
): Promise<readonly number[] | undefined> {
  if (campaign === undefined && departments === undefined) return undefined;
  const baseId = await numberOf(tx, account, 'campaign', campaign);
  const asDepartments = await listDepartmentCampaigns(tx, account.accountId, { baseId, departments });
  const ids = asDepartments.map(({ id }) => id);
  return departments === undefined && baseId !== undefined ? [baseId, ...ids] : ids;
}

/** Campaigns by the numbers that departments sent them under. */
export async function departmentCampaigns(
  tx: Tx,
  accountId: string,
  ids: readonly number[],
): Promise<ReadonlyMap<number, DepartmentCampaign>> {
  const found = ids.length === 0 ? [] : await listDepartmentCampaigns(tx, accountId, { ids });
  return new Map(found.map((one) => [one.id, one]));
}

/** A dimension never changes; opening a thousand names a report would be most of its time. */
const rememberedNames = new QuickLRU<string, string>({ maxSize: 50_000 });

/** The values in clear, by number. 0 stands for none and has no name. */
export async function namesOf(
  tx: Tx,
  { accountId, vault }: AccountKeys,
  ids: readonly number[],
): Promise<Map<number, string>> {
  const names = new Map<number, string>();
  const missing = new Set<number>();
  for (const id of ids) {
    const known = rememberedNames.get(`${accountId} ${id}`);
    if (known !== undefined) keep(names, id, known);
    else if (id > 0) missing.add(id);
  }
  if (missing.size === 0) return names;
  for (const { id, valueSealed } of await readDimensionValues(tx, accountId, [...missing])) {
    const name = vault.open('dimension.value', valueSealed).toString();
    keep(names, id, name);
    rememberedNames.set(`${accountId} ${id}`, name);
  }
  return names;
}

/** What a department sends without a campaign has a number too, and no name. */
function keep(names: Map<number, string>, id: number, name: string): void {
  if (name !== '') names.set(id, name);
}
