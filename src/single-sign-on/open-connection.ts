/** A connection as it is kept, opened: all but its secret, which is opened only where it is used. */
import type { SignOnSettings } from '../contract/single-sign-on.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { StoredConnection } from './store.ts';

export type KeptSettings = Omit<SignOnSettings, 'isEnabled'> & { readonly name: string };

export interface Connection extends KeptSettings {
  readonly id: string;
  readonly isEnabled: boolean;
  readonly hasSecret: boolean;
  readonly reach: StoredConnection['reach'];
  readonly createdAt: Date;
  readonly changedAt: Date;
  readonly people: number;
}

export function openConnection(vault: AccountVault, row: StoredConnection): Connection {
  const { settingsSealed, clientSecretSealed, ...others } = row;
  const kept = JSON.parse(vault.open('sign-on.connection', settingsSealed).toString()) as Omit<
    KeptSettings,
    'widestReach'
  > &
    Partial<Pick<KeptSettings, 'widestReach'>>;
  // Kept by an earlier version it says nothing of how far newcomers reach.
  return { widestReach: 'department', ...kept, ...others, hasSecret: clientSecretSealed !== null };
}
