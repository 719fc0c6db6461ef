/**
 * What a backup leans on: the full one and those between, each known again by its signature, each file by its hash. It
 * names the link or file that is missing or altered; it changes nothing.
 */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Vault } from '../platform/vault.ts';
import { chooseBackup, idsIn } from './backup-folders.ts';
import { type ChunkPlace, type ChunkSource, readChunks } from './chunk-file.ts';
import { type Manifest, type ManifestTable, readManifest } from './manifest.ts';
import { BackupFault, fileKey, readSealed, sha256OfFile } from './sealed-file.ts';

export interface Source {
  readonly folder: string;
  readonly manifest: Manifest;
}

/** A backup and all that it leans on, the full one first, itself last. */
export interface Chain {
  readonly newest: Source;
  readonly links: readonly Source[];
}

export const fileOf = (folder: string, table: string): string => join(folder, `${table}.sealed`);
export const indexOf = (folder: string, table: string): string => join(folder, `${table}.index`);

export const tableKey = (
  { vault }: { readonly vault: Pick<Vault, 'derive'> },
  { manifest }: { readonly manifest: Pick<Manifest, 'salt' | 'type' | 'id'> },
  file: string,
): Buffer =>
  fileKey(vault.derive('backup'), Buffer.from(manifest.salt, 'base64'), `${manifest.type} ${manifest.id} ${file}`);

/** Throws BackupFault where a link is missing, altered or another one than it was. */
export function openChain(dir: string, vault: Vault, asked: string | undefined): Chain {
  const newest = chooseBackup(dir, vault, asked);
  const earlier = (newest.manifest.links ?? []).map(({ id, signature }): Source => {
    const folder = join(dir, id);
    if (!existsSync(folder))
      throw new BackupFault(
        `${newest.folder} leans on the backup ${id}, which is missing from ${dir}. Without it nothing that came before it can be restored.`,
      );
    const manifest = readManifest(folder, vault);
    if (manifest.id !== id || manifest.signature !== signature)
      throw new BackupFault(`${folder} is not the backup that ${newest.folder} leans on.`);
    return { folder, manifest };
  });
  return { newest, links: [...earlier, newest] };
}

/** Each file must be there, and be what the manifest says. */
export async function checkFiles({ folder, manifest }: Source): Promise<void> {
  for (const table of manifest.tables) {
    await checkFile(fileOf(folder, table.name), table);
    if (table.index !== undefined) await checkFile(indexOf(folder, table.name), table.index);
  }
}

async function checkFile(path: string, said: { readonly sizeBytes: number; readonly sealedSha256: string }) {
  const found = await sha256OfFile(path).catch(() => undefined);
  if (found === undefined) throw new BackupFault(`${path} is missing or cannot be read.`);
  if (found.sizeBytes !== said.sizeBytes)
    throw new BackupFault(`${path} was altered: it has ${found.sizeBytes} bytes, not ${said.sizeBytes}.`);
  if (found.sha256 !== said.sealedSha256) throw new BackupFault(`${path} was altered: its hash is another.`);
}

/** Reads every file of a backup and of all that it leans on again. */
export async function checkChain({ links }: Chain): Promise<void> {
  for (const link of links) await checkFiles(link);
}

/** Whether every file of a chain is there in its size: what a new increment may lean on. */
export function isStanding({ links }: Chain): boolean {
  const stands = (path: string, sizeBytes: number): boolean =>
    statSync(path, { throwIfNoEntry: false })?.size === sizeBytes;
  return links.every(({ folder, manifest }) =>
    manifest.tables.every(
      ({ name, sizeBytes, index }) =>
        index !== undefined &&
        stands(fileOf(folder, name), sizeBytes) &&
        stands(indexOf(folder, name), index.sizeBytes),
    ),
  );
}

type Needs = { readonly vault: Vault };

const indexName = (table: string): string => `${table} index`;
export const indexKey = (
  needs: Needs,
  source: { readonly manifest: Pick<Manifest, 'salt' | 'type' | 'id'> },
  table: string,
) => tableKey(needs, source, indexName(table));

/** Where the chunks of a table lie, one line each. */
export async function readIndex(needs: Needs, source: Source, table: string): Promise<ChunkPlace[]> {
  const path = indexOf(source.folder, table);
  const parts: Buffer[] = [];
  for await (const part of readSealed(path, indexKey(needs, source, table))) parts.push(part);
  const lines = Buffer.concat(parts).toString().split('\n').slice(0, -1);
  return lines.map((line) => {
    const [link, number, offset, sizeBytes, id] = line.split(' ');
    return {
      link: Number(link),
      number: Number(number),
      offset: Number(offset),
      sizeBytes: Number(sizeBytes),
      id: id ?? '',
    };
  });
}

export const indexLine = ({ link, number, offset, sizeBytes, id }: ChunkPlace): string =>
  `${link} ${number} ${offset} ${sizeBytes} ${id}\n`;

/** A table's rows as they were copied, from wherever they lie in the chain. */
export async function* rowsIn(needs: Needs, { newest, links }: Chain, table: ManifestTable): AsyncGenerator<Buffer> {
  const sourceOf = (link: number): ChunkSource => {
    const source = links[link];
    if (source === undefined)
      throw new BackupFault(`${indexOf(newest.folder, table.name)} leans on a backup that is none.`);
    return { path: fileOf(source.folder, table.name), key: tableKey(needs, source, table.name) };
  };
  if (table.index === undefined)
    yield* readSealed(fileOf(newest.folder, table.name), tableKey(needs, newest, table.name));
  else yield* readChunks(await readIndex(needs, newest, table.name), sourceOf);
}

/** All that can be read of what lies in a folder, oldest first; a backup whose manifest does not fit is told with its fault. */
export function readBackups(
  dir: string,
  vault: Vault,
): { id: string; chain: Chain | undefined; fault: string | undefined }[] {
  return idsIn(dir).map((id) => {
    try {
      return { id, chain: openChain(dir, vault, id), fault: undefined };
    } catch (error) {
      if (!(error instanceof BackupFault)) throw error;
      return { id, chain: undefined, fault: error.message };
    }
  });
}
