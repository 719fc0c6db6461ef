/** What a backup says of itself, and the signature over it: nothing of a backup is believed that this does not name. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { canonicalJson } from '../core/sending/canonical-json.ts';
import { installationSigner, isSignedWith } from '../platform/signing.ts';
import type { Vault } from '../platform/vault.ts';
import { BackupFault } from './sealed-file.ts';

const table = z.object({
  name: z.string().regex(/^\w+$/),
  columns: z.array(z.string()),
  rows: z.int().min(0),
  sizeBytes: z.int().min(0),
  sealedSha256: z.string(),
  plainSha256: z.string(),
  /** Of the file that says where its chunks lie. Without one, all rows lie in the table's own file, as one stream. */
  index: z
    .object({ sizeBytes: z.int().min(0), sealedSha256: z.string(), chunks: z.int(), newChunks: z.int() })
    .optional(),
});

/** An earlier backup that this one leans on, known again by its signature. */
const link = z.object({ id: z.uuid(), signature: z.string() });

const claim = z.object({
  /** `keys`: the copies of keys that belong to a backup, in a folder of their own. */
  type: z.enum(['backup', 'keys']),
  id: z.uuid(),
  madeAt: z.iso.datetime(),
  salt: z.string(),
  migrations: z.array(z.object({ version: z.int(), name: z.string(), checksum: z.string() })),
  months: z.array(z.iso.date()),
  /** The full backup first; none: this is one. */
  links: z.array(link).optional(),
  tables: z.array(table),
  /** Fingerprint of the key that signs. */
  key: z.string(),
});
const manifest = claim.extend({ signature: z.string() });

export type ManifestTable = z.infer<typeof table>;
export type Manifest = z.infer<typeof manifest>;

export const fullIdOf = ({ id, links }: Pick<Manifest, 'id' | 'links'>): string => links?.[0]?.id ?? id;

const fileName = 'manifest.json';
const textOf = (given: z.infer<typeof claim>): string => `waxwing backup 1\n${canonicalJson(given)}`;

export function writeManifest(folder: string, vault: Vault, given: Omit<z.infer<typeof claim>, 'key'>): Manifest {
  const signer = installationSigner(vault);
  const full = { ...given, key: signer.keyId };
  const signed = { ...full, signature: signer.sign(textOf(full)) };
  writeFileSync(join(folder, fileName), `${JSON.stringify(signed, null, 2)}\n`, {
    mode: 0o600,
    flag: 'wx',
    flush: true,
  });
  return signed;
}

/** Throws BackupFault where it is missing, altered, or another installation's. */
export function readManifest(folder: string, vault: Vault): Manifest {
  const path = join(folder, fileName);
  const parsed = manifest.safeParse(readJson(path));
  if (!parsed.success) throw new BackupFault(`${path} is not the manifest of a backup.`);
  const { signature, ...said } = parsed.data;
  const signer = installationSigner(vault);
  if (said.key !== signer.keyId)
    throw new BackupFault(
      `${path} was signed with another installation’s key. Point WAXWING_KEY_FILE at a copy of the key file that the backup was made with.`,
    );
  if (!isSignedWith(signer.publicKey, textOf(said), signature))
    throw new BackupFault(`${path} was altered: its signature does not fit.`);
  return parsed.data;
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new BackupFault(code === 'ENOENT' ? `${path} is missing.` : `${path} cannot be read (${code ?? 'no JSON'}).`);
  }
}
