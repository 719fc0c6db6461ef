/** HashiCorp Vault's Transit engine as the keeper of the master key. The token is read anew each time; it keeps nothing. */
import { readFileSync } from 'node:fs';
import type { KeyProvider } from './key-provider.ts';
import { askKeeper, KeyProviderFault } from './key-provider-fault.ts';

export interface VaultOptions {
  readonly kind: 'vault-transit';
  readonly url: string;
  /** A file, so that an agent beside us may renew what is in it. */
  readonly tokenFile: string;
  readonly keyName: string;
  /** Where the engine is mounted. */
  readonly mount: string;
}

export function vaultKeys(options: VaultOptions): KeyProvider {
  const ask = async (action: 'encrypt' | 'decrypt', fields: object, answer: string): Promise<string> => {
    const url = `${options.url}/v1/${options.mount}/${action}/${encodeURIComponent(options.keyName)}`;
    const headers = { 'content-type': 'application/json', 'x-vault-token': readToken(options.tokenFile) };
    const { status, body } = await askKeeper('Vault', url, { headers, body: JSON.stringify(fields) });
    const value = (body.data as Readonly<Record<string, unknown>> | undefined)?.[answer];
    if (status === 200 && typeof value === 'string') return value;
    throw new KeyProviderFault(refusal(action, status, options));
  };
  return {
    name: 'vault-transit',
    wrap: (key) => ask('encrypt', { plaintext: Buffer.from(key).toString('base64') }, 'ciphertext'),
    unwrap: async (wrapped) => Buffer.from(await ask('decrypt', { ciphertext: wrapped }, 'plaintext'), 'base64'),
  };
}

/** https://developer.hashicorp.com/vault/api-docs#http-status-codes */
function refusal(action: string, status: number, { mount, keyName, tokenFile }: VaultOptions): string {
  const remedy: Readonly<Record<number, string>> = {
    400: 'The key file was wrapped under another key, or altered: check WAXWING_VAULT_KEY, or restore the file from your backup.',
    403: `The token in ${tokenFile} may not update ${mount}/${action}/${keyName}, or has run out: give it that policy, or a new token.`,
    404: `There is no Transit engine at ${mount} or no key ${keyName}: check WAXWING_VAULT_MOUNT and WAXWING_VAULT_KEY.`,
    503: 'Vault is sealed: unseal it.',
  };
  return `Vault refused to ${action} the master key (status ${status}). ${remedy[status] ?? 'Look at Vault’s own log.'}`;
}

function readToken(tokenFile: string): string {
  try {
    return readFileSync(tokenFile, 'utf8').trim();
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new KeyProviderFault(`WAXWING_VAULT_TOKEN_FILE: ${tokenFile} cannot be read (${why}).`);
  }
}
