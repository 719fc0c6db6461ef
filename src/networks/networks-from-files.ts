/** A table from list files at hand, for judging without a database: each is known by its name, several may make up one list. */
import type { Networks } from '@waxwing/verdict';
import { packagedAsTable } from './as-table.ts';
import { assembleNetworks } from './assemble-networks.ts';
import { compileList, type ListContent, unpackContent } from './compile-list.ts';
import { type ListName, listNames } from './lists.ts';

export interface ListFile {
  /** Without its folder. */
  readonly fileName: string;
  readonly bytes: Uint8Array;
  /** When the publisher gave it; the file's own date, where nothing better is known. */
  readonly fetchedAt: Date;
}

export type FromFiles =
  | { readonly kind: 'read'; readonly networks: Networks; readonly lists: readonly ListName[] }
  | { readonly kind: 'refused'; readonly fileName: string; readonly why: string };

/** `apple-egress.csv`, `google.json`, `amazon-ipv6.txt`: a list's name, then anything that is not a further name. */
export function listOfFile(fileName: string): ListName | undefined {
  const stem = fileName.toLowerCase().replace(/^apple-proxy/, 'apple-egress');
  const found = listNames.filter((name) => stem.startsWith(name) && !/^[a-z0-9]/.test(stem.slice(name.length)));
  return found.sort((one, other) => other.length - one.length)[0];
}

export function networksFromFiles(files: readonly ListFile[]): FromFiles {
  const byName = Map.groupBy(files, (file) => listOfFile(file.fileName));
  const loaded = [];
  for (const [name, of] of byName) {
    if (name === undefined) continue;
    const parts: ListContent[] = [];
    for (const { fileName, bytes } of of) {
      const compiled = compileList({ name, bytes, isForced: true });
      if (compiled.kind === 'refused') return { kind: 'refused', fileName, why: compiled.why };
      parts.push(unpackContent(compiled.content));
    }
    const oldest = Math.min(...of.map((file) => file.fetchedAt.getTime()));
    loaded.push({ name, content: joined(parts), fetchedAt: new Date(oldest) });
  }
  const lists = loaded.map((list) => list.name);
  const asTable = lists.includes('autonomous-systems')
    ? []
    : [{ name: 'autonomous-systems' as const, ...packagedAsTable() }];
  return { kind: 'read', networks: assembleNetworks([...asTable, ...loaded]), lists };
}

function joined(parts: readonly ListContent[]): ListContent {
  const classes = new Set(parts.flatMap((part) => Object.keys(part) as (keyof ListContent)[]));
  return Object.fromEntries([...classes].map((name) => [name, parts.flatMap((part) => part[name] ?? [])]));
}
