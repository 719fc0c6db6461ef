/**
 * The identity providers of an account: listed, begun, changed and deleted. Who changes one hands out what its people may
 * do, so a connection never lets in somebody who may do more than whoever set it up.
 */
import {
  accountVault,
  assertMayGive,
  assertMayGiveRole,
  endSignOnSessions,
  type Gate,
  hasDepartment,
} from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import type { SignOnDomain, SignOnSettings } from '../contract/single-sign-on.ts';
import type { Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import type { Caller } from '../platform/route.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { domainLookup } from './find-connection.ts';
import { isAskable } from './guarded-fetch.ts';
import { type Connection, type KeptSettings, openConnection } from './open-connection.ts';
import { describeDomain } from './prove-domains.ts';
import type { Providers } from './provider.ts';
import { requireOfAll } from './require-sign-on.ts';
import {
  deleteConnectionRow,
  deleteIdentities,
  listConnectionRows,
  listDomainRows,
  listSignOnSessions,
  lockConnections,
  readConnectionRow,
  replaceDomains,
  type StoredConnection,
  type StoredDomain,
  upsertConnection,
} from './store.ts';

export interface ConnectionNeeds extends Pick<World, 'db' | 'vault' | 'clock'> {
  readonly gate: Gate;
  readonly providers: Providers;
}

export type ConnectionWish = { readonly [Key in keyof SignOnSettings]?: SignOnSettings[Key] | undefined } & {
  readonly name?: string | undefined;
  readonly clientSecret?: string | null | undefined;
};

const usual: Omit<KeptSettings, 'name'> & { readonly isEnabled: boolean } = {
  issuer: null,
  clientId: null,
  domains: [],
  isEnabled: false,
  isRequired: false,
  trustsAddresses: false,
  makesUsers: false,
  defaultRole: 'viewer',
  defaultDepartmentId: null,
  widestReach: 'department',
  roleClaim: null,
  roleRules: [],
  secondFactor: null,
};

const maxConnections = 20;

/** Whom a provider lets in is a matter of the whole account. */
export function assertAccountWide({ departments }: Caller): void {
  if (departments !== undefined) throw new Problem('auth.account_wide');
}

/** With how the proof of each domain stands. */
export interface DescribedConnection extends Connection {
  readonly domainProofs: readonly SignOnDomain[];
}

export async function listConnections(
  world: Pick<World, 'db' | 'vault'>,
  caller: Caller,
): Promise<DescribedConnection[]> {
  assertAccountWide(caller);
  const vault = await accountVault(world, caller.accountId);
  return world.db.readAccount(caller.accountId, async (tx) => {
    const domains = await listDomainRows(tx);
    return (await listConnectionRows(tx)).map((row) => describe(world, vault, row, domains));
  });
}

function describe(
  world: Pick<World, 'vault'>,
  vault: AccountVault,
  row: StoredConnection,
  rows: readonly StoredDomain[],
): DescribedConnection {
  const connection = openConnection(vault, row);
  const rowOf = (domain: string): StoredDomain | undefined => {
    const lookup = domainLookup(world.vault, domain);
    return rows.find((one) => one.lookup.equals(lookup));
  };
  return { ...connection, domainProofs: connection.domains.map((one) => describeDomain(vault, one, rowOf(one))) };
}

const readBack = async (
  tx: Tx,
  world: Pick<World, 'vault'>,
  vault: AccountVault,
  id: string,
): Promise<DescribedConnection> => describe(world, vault, await mustRead(tx, id), await listDomainRows(tx));

export async function createConnection(
  needs: ConnectionNeeds,
  caller: Caller,
  wish: ConnectionWish & { readonly name: string },
): Promise<DescribedConnection> {
  assertAccountWide(caller);
  const vault = await accountVault(needs, caller.accountId);
  const at = needs.clock.now();
  const id = newId(at);
  return needs.db.asAccount(caller.accountId, async (tx) => {
    await lockConnections(tx);
    if ((await listConnectionRows(tx)).length >= maxConnections) throw new Problem('sso.too_many_connections');
    const { clientSecret, ...settings } = withoutUndefined(wish);
    const secret = clientSecret == null ? null : vault.seal('sign-on.secret', clientSecret);
    const made = { ...usual, ...settings, name: wish.name };
    await keep(tx, needs, caller, vault, { id, at, createdAt: at, wished: made, secret });
    const detail = { isEnabled: made.isEnabled, isRequired: made.isRequired };
    const { actor } = caller;
    await record(tx, { at, actor, action: 'sso_connection.created', object: { kind: 'sso-connection', id }, detail });
    return readBack(tx, needs, vault, id);
  });
}

export async function changeConnection(
  needs: ConnectionNeeds,
  caller: Caller,
  id: string,
  wish: ConnectionWish,
): Promise<DescribedConnection> {
  assertAccountWide(caller);
  const vault = await accountVault(needs, caller.accountId);
  const at = needs.clock.now();
  const { changed, ended } = await needs.db.asAccount(caller.accountId, async (tx) => {
    await lockConnections(tx);
    const row = await mustRead(tx, id);
    assertMayGive(caller, row.reach ?? undefined);
    const before = openConnection(vault, row);
    const { clientSecret, ...settings } = withoutUndefined(wish);
    const wished = { ...settingsOf(before), ...settings };
    const given = clientSecret == null ? null : vault.seal('sign-on.secret', clientSecret);
    const secret = clientSecret === undefined ? row.clientSecretSealed : given;
    await keep(tx, needs, caller, vault, { id, at, createdAt: row.createdAt, wished, secret });
    // Another client, or another provider, has other names for people: a `sub` means something with its issuer only.
    const isOther = wished.issuer !== before.issuer || wished.clientId !== before.clientId;
    if (isOther) await deleteIdentities(tx, id);
    const isClosed = isOther || (before.isEnabled && !wished.isEnabled);
    const { actor } = caller;
    const over = isClosed ? await endSignOnSessions(tx, await listSignOnSessions(tx, id), at, actor) : [];
    await record(tx, {
      at,
      actor,
      action: 'sso_connection.changed',
      object: { kind: 'sso-connection', id },
      detail: {
        settings: Object.keys(withoutUndefined(wish)).sort(),
        isEnabled: wished.isEnabled,
        isRequired: wished.isRequired,
      },
    });
    return { changed: await readBack(tx, needs, vault, id), ended: over };
  });
  needs.providers.forget(id);
  for (const sessionId of ended) needs.gate.forget(sessionId);
  return changed;
}

export async function deleteConnection(needs: ConnectionNeeds, caller: Caller, id: string): Promise<void> {
  assertAccountWide(caller);
  const vault = await accountVault(needs, caller.accountId);
  const [at, { actor }] = [needs.clock.now(), caller];
  const ended = await needs.db.asAccount(caller.accountId, async (tx) => {
    await lockConnections(tx);
    assertMayGive(caller, (await mustRead(tx, id)).reach ?? undefined);
    const over = await endSignOnSessions(tx, await listSignOnSessions(tx, id), at, actor);
    await deleteConnectionRow(tx, id);
    await requireOfAll(tx, needs.vault, vault);
    const detail = { sessions: over.length };
    await record(tx, { at, actor, action: 'sso_connection.deleted', object: { kind: 'sso-connection', id }, detail });
    return over;
  });
  needs.providers.forget(id);
  for (const sessionId of ended) needs.gate.forget(sessionId);
}

export async function forgetIdentity(
  needs: ConnectionNeeds,
  caller: Caller,
  id: string,
  userId: string,
): Promise<void> {
  assertAccountWide(caller);
  const [at, { actor }] = [needs.clock.now(), caller];
  await needs.db.asAccount(caller.accountId, async (tx) => {
    assertMayGive(caller, (await mustRead(tx, id)).reach ?? undefined);
    if ((await deleteIdentities(tx, id, userId)) === 0) throw new Problem('sso.not_found');
    const object = { kind: 'user', id: userId } as const;
    await record(tx, { at, actor, action: 'sso_identity.forgotten', object, detail: { connection: id } });
  });
}

const withoutUndefined = <T extends object>(wish: T): { [Key in keyof T]: Exclude<T[Key], undefined> } =>
  Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined)) as never;

type Wished = SignOnSettings & { readonly name: string };

function settingsOf(one: Connection): Wished {
  const {
    id: _id,
    hasSecret: _has,
    reach: _reach,
    createdAt: _at,
    changedAt: _then,
    people: _people,
    ...settings
  } = one;
  return settings;
}

interface Keeping {
  readonly id: string;
  readonly at: Date;
  readonly createdAt: Date;
  readonly wished: Wished;
  readonly secret: Buffer | null;
}

async function keep(
  tx: Tx,
  needs: ConnectionNeeds,
  caller: Caller,
  vault: AccountVault,
  { id, at, createdAt, wished, secret }: Keeping,
): Promise<void> {
  await assertUsable(tx, needs, caller, wished);
  const { isEnabled, ...kept } = wished;
  await upsertConnection(tx, {
    id,
    settingsSealed: vault.seal('sign-on.connection', JSON.stringify({ ...kept, domains: [...new Set(kept.domains)] })),
    clientSecretSealed: secret,
    isEnabled,
    reach: caller.permissions ?? null,
    createdAt,
    changedAt: at,
  });
  const lookups = [...new Set(kept.domains)].map((domain) => domainLookup(needs.vault, domain));
  if (!(await replaceDomains(tx, id, lookups, at))) throw new Problem('sso.domain_taken');
  await requireOfAll(tx, needs.vault, vault);
}

async function assertUsable(tx: Tx, needs: ConnectionNeeds, caller: Caller, wished: Wished): Promise<void> {
  if (wished.issuer !== null && !isAskable(wished.issuer, needs.providers.allowsInner))
    throw new Problem('sso.issuer_refused');
  const isComplete = wished.issuer !== null && wished.clientId !== null && wished.domains.length > 0;
  if (wished.isEnabled && !isComplete) throw new Problem('sso.incomplete');
  if (wished.isEnabled && placesBeyondReach(wished)) throw new Problem('sso.reach_missing');
  const given = [...wished.roleRules.map((rule) => rule.role), wished.defaultRole].filter((role) => role !== null);
  for (const role of given) assertMayGiveRole(caller, role);
  const departments = [...wished.roleRules.map((rule) => rule.departmentId), wished.defaultDepartmentId];
  for (const id of new Set(departments))
    if (id !== null && !(await hasDepartment(tx, id))) throw new Problem('department.unknown');
}

/** Whoever is placed in no department reaches the whole account: only where that was said. */
function placesBeyondReach(one: Wished): boolean {
  if (one.widestReach === 'account' || (!one.makesUsers && one.roleClaim === null)) return false;
  const isWide = one.defaultRole !== null && one.defaultDepartmentId === null;
  return isWide || (one.roleClaim !== null && one.roleRules.some((rule) => rule.departmentId === null));
}

async function mustRead(tx: Tx, id: string): Promise<StoredConnection> {
  const row = await readConnectionRow(tx, id, true);
  if (row === undefined) throw new Problem('sso.not_found');
  return row;
}
