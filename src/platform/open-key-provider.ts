/** Opens the keeper of the master key that the settings describe. */
import { fileKeys, type KeyProvider } from './key-provider.ts';
import { type KmsOptions, kmsKeys } from './key-provider-kms.ts';
import { type VaultOptions, vaultKeys } from './key-provider-vault.ts';

export type KeyProviderOptions = { readonly kind: 'file' } | KmsOptions | VaultOptions;

export function openKeyProvider(options: KeyProviderOptions): KeyProvider {
  if (options.kind === 'aws-kms') return kmsKeys(options);
  return options.kind === 'vault-transit' ? vaultKeys(options) : fileKeys;
}
