/**
 * Who guards the master key: the file itself, AWS KMS or HashiCorp Vault. The last two keep a key of their own under which
 * the file's lines are wrapped, so that a copy of the file alone opens nothing. It stores nothing.
 */

export interface KeyProvider {
  readonly name: 'file' | 'aws-kms' | 'vault-transit';
  /** One line of printable text, without spaces. Throws KeyProviderFault. */
  wrap(key: Uint8Array): Promise<string>;
  /** Throws KeyProviderFault. */
  unwrap(wrapped: string): Promise<Uint8Array>;
}

/** The lines are the keys themselves. */
export const fileKeys: KeyProvider = {
  name: 'file',
  wrap: async (key) => Buffer.from(key).toString('base64'),
  unwrap: async (text) => Buffer.from(text, 'base64'),
};
