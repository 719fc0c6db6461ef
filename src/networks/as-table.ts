/** The table of autonomous systems that comes with the program, as lists of networks. It is read once a thread, from disk. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { classOfAsn, type NetworkClass } from '@waxwing/verdict';
import { readAsTable } from '../core/networks/read-as-table.ts';
import type { ListContent } from './compile-list.ts';

export interface AsTable {
  readonly content: ListContent;
  readonly fetchedAt: Date;
  readonly prefixes: number;
}

const require = createRequire(import.meta.url);
const files = ['asn-ipv4.csv', 'asn-ipv6.csv'];
let known: AsTable | undefined;

export function packagedAsTable(): AsTable {
  known ??= readAsTableFile();
  return known;
}

export function readAsTableFile(): AsTable {
  const manifest = require.resolve('@ip-location-db/asn/package.json');
  const content: Partial<Record<NetworkClass, string[]>> = {};
  for (const file of files) {
    const { byClass } = readAsTable(readFileSync(join(dirname(manifest), file)), classOfAsn);
    for (const [ofClass, networks] of byClass) content[ofClass] = [...(content[ofClass] ?? []), ...networks];
  }
  return {
    content,
    fetchedAt: dateOf(JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }),
    prefixes: Object.values(content).reduce((sum, networks) => sum + networks.length, 0),
  };
}

/** Its versions end in the day: 2.3.2026061719. */
function dateOf({ version }: { readonly version: string }): Date {
  const [, year, month, day] = /\.(\d{4})(\d{2})(\d{2})\d*$/.exec(version) ?? [];
  return new Date(`${year ?? '2026'}-${month ?? '01'}-${day ?? '01'}T00:00:00Z`);
}
