/** Which connection is meant: the one that serves an address's domain, or the one of a link. It looks at no user. */
import { createHmac } from 'node:crypto';
import { accountVault } from '../accounts/index.ts';
import { Problem } from '../contract/problem.ts';
import { domainOf } from '../core/access/sign-on-claims.ts';
import type { AccountVault, Vault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { type Connection, openConnection } from './open-connection.ts';
import type { ProviderIdentity } from './provider.ts';
import { type FoundConnection, findAccountOfConnection, findConnectionsOfDomain, readConnectionRow } from './store.ts';

/** The same for one domain in all accounts. */
export const domainLookup = (vault: Vault, domain: string): Buffer =>
  createHmac('sha256', vault.derive('sso-domain')).update(domain).digest();

export type Asked = { readonly email: string } | { readonly connectionId: string };

export async function findConnection(world: Pick<World, 'db' | 'vault'>, asked: Asked): Promise<FoundConnection> {
  if ('connectionId' in asked) {
    const accountId = await findAccountOfConnection(world.db, asked.connectionId);
    if (accountId === undefined) throw new Problem('sso.no_connection');
    return { accountId, connectionId: asked.connectionId };
  }
  const domain = URL.parse(`http://${domainOf(asked.email.trim())}`)?.hostname ?? '';
  const found = await findConnectionsOfDomain(world.db, domainLookup(world.vault, domain));
  // Which of two organisations is right cannot be told from outside, and neither may take the other's people away.
  if (found.length > 1) throw new Problem('sso.ambiguous');
  const [only] = found;
  if (only === undefined) throw new Problem('sso.no_connection');
  return only;
}

export interface LoadedConnection {
  readonly accountId: string;
  readonly vault: AccountVault;
  readonly connection: Connection;
  readonly identity: ProviderIdentity;
}

/** With its secret, to be used at once. Throws sso.no_connection when it is off, incomplete or gone. */
export async function loadConnection(
  world: Pick<World, 'db' | 'vault'>,
  { accountId, connectionId }: FoundConnection,
): Promise<LoadedConnection> {
  const vault = await accountVault(world, accountId);
  const row = await world.db.readAccount(accountId, (tx) => readConnectionRow(tx, connectionId));
  if (row === undefined || !row.isEnabled) throw new Problem('sso.no_connection');
  const connection = openConnection(vault, row);
  const { issuer, clientId } = connection;
  if (issuer === null || clientId === null) throw new Problem('sso.no_connection');
  const sealed = row.clientSecretSealed;
  const clientSecret = sealed === null ? null : vault.open('sign-on.secret', sealed).toString();
  return { accountId, vault, connection, identity: { connectionId, issuer, clientId, clientSecret } };
}
