/** Makes, lists, changes and closes the connections by which providers tell their events. A password is shown once. */
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import type { ProviderConnection } from '../contract/providers.ts';
import type { ProviderName } from '../core/providers/provider-event.ts';
import { newId } from '../platform/ids.ts';
import type { Caller } from '../platform/route.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { basicUser, newPassword } from './basic-auth.ts';
import { checksOf, isUsableKey } from './check-call.ts';
import { hashOf } from './equal-secrets.ts';
import type { ConnectionSecret } from './proof.ts';
import {
  type ConnectionRow,
  findConnectionRow,
  insertConnection,
  listConnectionRows,
  markConnectionDeleted,
  updateConnection,
} from './store.ts';

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;

export interface ConnectionWish {
  readonly provider: ProviderName;
  readonly name: string;
  readonly verificationKey?: string | undefined;
}

const maxConnections = 100;

export const addressOfConnection = (publicUrl: string, id: string): string =>
  `${publicUrl.replace(/\/+$/, '')}/v1/provider-events/${id}`;

export const sealSecret = (vault: AccountVault, secret: ConnectionSecret): Buffer =>
  vault.seal('provider.secret', JSON.stringify(secret));

export const openSecret = (vault: AccountVault, sealed: Buffer): ConnectionSecret =>
  JSON.parse(vault.open('provider.secret', sealed).toString()) as ConnectionSecret;

export async function listConnections(world: Needs, caller: Caller, publicUrl: string): Promise<ProviderConnection[]> {
  const rows = await world.db.readAccount(caller.accountId, listConnectionRows);
  return rows.map((row) => asTold(row, publicUrl));
}

export async function createConnection(world: Needs, caller: Caller, wish: ConnectionWish, publicUrl: string) {
  const { provider, name, verificationKey } = wish;
  refuseUnusableKey(provider, verificationKey);
  const vault = await accountVault(world, caller.accountId);
  const at = world.clock.now();
  const id = newId(at);
  const needsPassword = checksOf(provider, verificationKey !== undefined) !== 'signature';
  const password = needsPassword ? newPassword() : undefined;
  const secret = {
    key: verificationKey ?? null,
    passwordHash: password === undefined ? null : hashOf(password),
  };
  const row = {
    id,
    provider,
    name,
    secretSealed: sealSecret(vault, secret),
    hasKey: secret.key !== null,
    createdAt: at,
  };
  await world.db.asAccount(caller.accountId, async (tx) => {
    if ((await listConnectionRows(tx)).length >= maxConnections) throw new Problem('provider.too_many_connections');
    await insertConnection(tx, row);
    await record(tx, {
      at,
      actor: caller.actor,
      action: 'provider_connection.created',
      object: { kind: 'provider-connection', id },
      detail: { provider },
    });
  });
  return {
    ...asTold({ ...row, ...untouched }, publicUrl),
    ...(password === undefined ? {} : { basicAuth: { user: basicUser, password } }),
  };
}

export async function changeConnection(
  world: Needs,
  caller: Caller,
  id: string,
  wish: { readonly name?: string | undefined; readonly verificationKey?: string | undefined },
  publicUrl: string,
): Promise<ProviderConnection> {
  const vault = await accountVault(world, caller.accountId);
  return world.db.asAccount(caller.accountId, async (tx) => {
    const row = await findConnectionRow(tx, id);
    if (row === undefined) throw new Problem('connection.not_found');
    refuseUnusableKey(row.provider, wish.verificationKey);
    const secret = openSecret(vault, row.secretSealed);
    const key = wish.verificationKey ?? secret.key;
    const changed = {
      name: wish.name ?? row.name,
      secretSealed: sealSecret(vault, { ...secret, key }),
      hasKey: key !== null,
    };
    await updateConnection(tx, id, changed);
    await record(tx, {
      at: world.clock.now(),
      actor: caller.actor,
      action: 'provider_connection.changed',
      object: { kind: 'provider-connection', id },
      detail: { name: wish.name !== undefined, key: wish.verificationKey !== undefined },
    });
    return asTold({ ...row, ...changed }, publicUrl);
  });
}

export async function deleteConnection(world: Needs, caller: Caller, id: string): Promise<void> {
  const at = world.clock.now();
  await world.db.asAccount(caller.accountId, async (tx) => {
    if (!(await markConnectionDeleted(tx, id, at))) throw new Problem('connection.not_found');
    await record(tx, {
      at,
      actor: caller.actor,
      action: 'provider_connection.deleted',
      object: { kind: 'provider-connection', id },
      detail: {},
    });
  });
}

function refuseUnusableKey(provider: ProviderName, key: string | undefined): void {
  if (key !== undefined && !isUsableKey(provider, key)) throw new Problem('provider.key_invalid');
}

const untouched = {
  lastEventAt: null,
  accepted: 0,
  duplicates: 0,
  ignored: 0,
  refused: 0,
  lastRefusal: null,
  lastRefusalAt: null,
};

function asTold(row: ConnectionRow, publicUrl: string): ProviderConnection {
  const { id, provider, name, accepted, duplicates, ignored, refused, lastRefusal, lastRefusalAt } = row;
  return {
    id,
    provider,
    name,
    url: addressOfConnection(publicUrl, id),
    checks: checksOf(provider, row.hasKey),
    createdAt: row.createdAt.toISOString(),
    lastEventAt: row.lastEventAt?.toISOString() ?? null,
    ...{ accepted, duplicates, ignored, refused },
    lastRefusal:
      lastRefusal === null || lastRefusalAt === null ? null : { at: lastRefusalAt.toISOString(), reason: lastRefusal },
  };
}
