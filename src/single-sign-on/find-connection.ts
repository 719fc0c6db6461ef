/** Which connection is meant: the one that serves an address's domain, or the one of a link. It looks at no user. */
import { createHmac } from 'node:crypto';
import { accountVault } from '../accounts/index.ts';
import { Problem } from '../contract/problem.ts';
import { domainOf } from '../core/access/sign-on-claims.ts';
import type { AccountVault, Vault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { type Connection, openConnection } from './open-connection.ts';
import type { ProviderIdentity } from './provider.ts';
import {
  type FoundConnection,
  findAccountOfConnection,
  findConnectionOfDomain,
  listDomainRows,
  readConnectionRow,
  type StoredDomain,
} from './store.ts';

/** The same for one domain in all accounts. */
export const domainLookup = (vault: Vault, domain: string): Buffer =>
  createHmac('sha256', vault.derive('sso-domain')).update(domain).digest();

/** Those of the domains that the account has shown to be its own. */
export function provedOf(vault: Vault, domains: readonly string[], rows: readonly StoredDomain[]): string[] {
  const proved = new Set(rows.filter((row) => row.provedAt !== null).map((row) => row.lookup.toString('hex')));
  return domains.filter((domain) => proved.has(domainLookup(vault, domain).toString('hex')));
}

export type Asked = { readonly email: string } | { readonly connectionId: string };

export async function findConnection(world: Pick<World, 'db' | 'vault'>, asked: Asked): Promise<FoundConnection> {
  if ('connectionId' in asked) {
    const accountId = await findAccountOfConnection(world.db, asked.connectionId);
    if (accountId === undefined) throw new Problem('sso.no_connection');
    return { accountId, connectionId: asked.connectionId };
  }
  const domain = URL.parse(`http://${domainOf(asked.email.trim())}`)?.hostname ?? '';
  const found = await findConnectionOfDomain(world.db, domainLookup(world.vault, domain));
  if (found === undefined) throw new Problem('sso.no_connection');
  return found;
}

export interface LoadedConnection {
  readonly accountId: string;
  readonly vault: AccountVault;
  readonly connection: Connection;
  /** Those of its domains that the account has shown to be its own. */
  readonly proved: readonly string[];
  readonly identity: ProviderIdentity;
}

/** With its secret, to be used at once. Throws sso.no_connection when it is off, incomplete or gone. */
export async function loadConnection(
  world: Pick<World, 'db' | 'vault'>,
  { accountId, connectionId }: FoundConnection,
): Promise<LoadedConnection> {
  const vault = await accountVault(world, accountId);
  const { row, domains } = await world.db.readAccount(accountId, async (tx) => ({
    row: await readConnectionRow(tx, connectionId),
    domains: await listDomainRows(tx),
  }));
  if (row === undefined || !row.isEnabled) throw new Problem('sso.no_connection');
  const connection = openConnection(vault, row);
  const { issuer, clientId } = connection;
  if (issuer === null || clientId === null) throw new Problem('sso.no_connection');
  const sealed = row.clientSecretSealed;
  const clientSecret = sealed === null ? null : vault.open('sign-on.secret', sealed).toString();
  const proved = provedOf(world.vault, connection.domains, domains);
  return { accountId, vault, connection, proved, identity: { connectionId, issuer, clientId, clientSecret } };
}
