/** The settings of whoever keeps the master key, and the keeper that they describe. */
import { innerUrl, oneOf, path, printable } from './config-forms.ts';
import { type Setting, setting } from './config-setting.ts';
import type { KeyProvider } from './platform/key-provider.ts';
import { openKeyProvider } from './platform/open-key-provider.ts';

export const keySettings = {
  keyProvider: setting({
    name: 'WAXWING_KEY_PROVIDER',
    form: oneOf<KeyProvider['name']>(['file', 'aws-kms', 'vault-transit']),
    absent: 'file' as KeyProvider['name'],
    about:
      'Who guards the master key: the key file itself, or a key in AWS KMS or HashiCorp Vault under which it is wrapped. See [keys](keys.md).',
  }),
  kmsKeyId: setting({
    name: 'WAXWING_KMS_KEY_ID',
    form: printable(1, 2048),
    absent: undefined,
    absentMeans: 'needed with `aws-kms`',
    about: 'The symmetric KMS key: its id, ARN or alias.',
  }),
  kmsRegion: setting({
    name: 'WAXWING_KMS_REGION',
    form: printable(1, 60),
    absent: undefined,
    absentMeans: 'needed with `aws-kms`',
    about: 'The region of that key, such as `eu-central-1`.',
  }),
  kmsUrl: setting({
    name: 'WAXWING_KMS_URL',
    form: innerUrl,
    absent: undefined,
    absentMeans: 'Amazon’s address in the region',
    about: 'Another address of KMS, such as a VPC endpoint.',
  }),
  awsAccessKeyId: setting({
    name: 'AWS_ACCESS_KEY_ID',
    form: printable(1, 200),
    absent: undefined,
    absentMeans: 'needed with `aws-kms`',
    about: 'Who asks KMS.',
  }),
  awsSecretAccessKey: setting({
    name: 'AWS_SECRET_ACCESS_KEY',
    form: printable(1, 200),
    absent: undefined,
    absentMeans: 'needed with `aws-kms`',
    isSecret: true,
    about: 'The secret key that signs what is asked of KMS.',
  }),
  awsSessionToken: setting({
    name: 'AWS_SESSION_TOKEN',
    form: printable(1, 4096),
    absent: undefined,
    absentMeans: 'a lasting key',
    isSecret: true,
    about: 'With temporary credentials: their token.',
  }),
  vaultUrl: setting({
    name: 'WAXWING_VAULT_URL',
    form: innerUrl,
    absent: undefined,
    absentMeans: 'needed with `vault-transit`',
    about: 'Where Vault is, as `https://vault.example:8200`.',
  }),
  vaultTokenFile: setting({
    name: 'WAXWING_VAULT_TOKEN_FILE',
    form: path,
    absent: undefined,
    absentMeans: 'needed with `vault-transit`',
    about: 'A file with Vault’s token, read anew each time.',
  }),
  vaultKey: setting({
    name: 'WAXWING_VAULT_KEY',
    form: printable(1, 200),
    absent: undefined,
    absentMeans: 'needed with `vault-transit`',
    about: 'The name of the Transit key.',
  }),
  vaultMount: setting({
    name: 'WAXWING_VAULT_MOUNT',
    form: printable(1, 200),
    absent: 'transit',
    about: 'Where the Transit engine is mounted.',
  }),
};

type ValueOf<S> = S extends Setting<infer Value, infer Absent> ? Value | Absent : never;
type KeyValues = { readonly [Key in keyof typeof keySettings]: ValueOf<(typeof keySettings)[Key]> };

const neededBy = {
  file: [],
  'aws-kms': ['kmsKeyId', 'kmsRegion', 'awsAccessKeyId', 'awsSecretAccessKey'],
  'vault-transit': ['vaultUrl', 'vaultTokenFile', 'vaultKey'],
} as const;

export const keeperFaults = (values: KeyValues): string[] =>
  neededBy[values.keyProvider]
    .filter((name) => values[name] === undefined)
    .map(
      (name) =>
        `${keySettings[name].name} is needed with WAXWING_KEY_PROVIDER=${values.keyProvider}. Set it (docs/keys.md).`,
    );

/** Who guards the master key. */
export function keyProvider(config: KeyValues, kind = config.keyProvider): KeyProvider {
  if (kind === 'file') return openKeyProvider({ kind });
  if (kind === 'aws-kms')
    return openKeyProvider({
      kind,
      keyId: config.kmsKeyId ?? '',
      region: config.kmsRegion ?? '',
      url: config.kmsUrl,
      accessKeyId: config.awsAccessKeyId ?? '',
      secretAccessKey: config.awsSecretAccessKey ?? '',
      sessionToken: config.awsSessionToken,
    });
  return openKeyProvider({
    kind,
    url: config.vaultUrl ?? '',
    tokenFile: config.vaultTokenFile ?? '',
    keyName: config.vaultKey ?? '',
    mount: config.vaultMount,
  });
}
