/**
 * Measures the lists of networks as a process holds them: from stored bytes to a table, what that takes of memory, how many
 * addresses are looked up in a second, and what full lists cost a verdict. Real lists where they are at hand.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { builtInNetworks, judge, type Networks, type Observation } from '@waxwing/verdict';
import { readAsTableFile } from '../src/networks/as-table.ts';
import { assembleNetworks } from '../src/networks/assemble-networks.ts';
import { packContent, unpackContent } from '../src/networks/compile-list.ts';
import type { ListName } from '../src/networks/lists.ts';

export interface NetworksRun {
  readonly prefixes: number;
  readonly loadMs: number;
  readonly heapBytes: number;
  readonly lookupsPerSecond: number;
  readonly verdictsPerSecond: number;
  readonly verdictsPerSecondBuiltIn: number;
  readonly isReal: boolean;
}

const folder = process.env.WAXWING_TEST_NETWORKS ?? join(import.meta.dirname, '..', '..', 'shared', 'data', 'networks');
const isReal = existsSync(join(folder, 'apple-proxy-ipv6.txt'));
const roundMs = 500;

const read = (name: string): string[] =>
  readFileSync(join(folder, `${name}.txt`), 'utf8')
    .trim()
    .split('\n');

/** As many prefixes as that list had on the day it was counted, spread over space that nobody here uses. */
function invented(count: number, first: number): string[] {
  return Array.from({ length: count }, (_, n) =>
    n % 4 === 0 ? `${first}.${(n >> 7) & 255}.${(n * 2) & 255}.0/24` : `2a0e:${(n * 7).toString(16)}:${first}::/64`,
  );
}

const both = (name: string): string[] => [...read(`${name}-ipv4`), ...read(`${name}-ipv6`)];

function storedLists(): Map<ListName, Uint8Array> {
  const real = isReal
    ? { apple: both('apple-proxy'), amazon: both('amazon'), microsoft: both('microsoft') }
    : undefined;
  const google = isReal ? both('google') : invented(110, 60);
  return new Map<ListName, Uint8Array>([
    ['apple-egress', packContent({ 'apple-egress': real?.apple ?? invented(13_745, 61) })],
    ['amazon', packContent({ 'data-centre': real?.amazon ?? invented(3_859, 62) })],
    ['microsoft', packContent({ microsoft: real?.microsoft ?? invented(519, 63) })],
    ['google', packContent({ google })],
    ['google-cloud', packContent({ 'data-centre': invented(900, 64) })],
  ]);
}

/** What a process does at its start: the table of the package, then everything that is stored. */
function load(stored: ReadonlyMap<ListName, Uint8Array>) {
  const fetchedAt = new Date();
  const lists = [...stored].map(([name, bytes]) => ({ name, content: unpackContent(bytes), fetchedAt }));
  const table = { name: 'autonomous-systems' as const, ...readAsTableFile() };
  return { lists, table, networks: assembleNetworks([table, ...lists]) };
}

const collectGarbage = ((): (() => void) => {
  setFlagsFromString('--expose_gc');
  return runInNewContext('gc') as () => void;
})();

/** Buffers of files are given back only some turns after their last reader. */
async function heldBytes(): Promise<number> {
  for (let turn = 0; turn < 5; turn += 1) {
    collectGarbage();
    await sleep(20);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function perSecond(work: () => number): number {
  const rounds = [0, 1, 2, 3].map(() => {
    const startedMs = performance.now();
    let done = 0;
    while (performance.now() - startedMs < roundMs) done += work();
    return (done / (performance.now() - startedMs)) * 1000;
  });
  return Math.max(...rounds.slice(1));
}

/** Half of them in lists, half anywhere; IPv4 and IPv6. */
function addresses(): string[] {
  const listed = isReal ? [...both('apple-proxy'), ...both('amazon')] : invented(5_000, 61);
  const some = listed.filter((_, n) => n % 7 === 0).map((prefix) => prefix.split('/')[0] ?? '');
  return some.flatMap((ip, n) => [ip, n % 2 === 0 ? `81.2.${n & 255}.${n % 251}` : `2001:db8:${(n % 9999) + 1}::1`]);
}

const lookups = (networks: Networks, ips: readonly string[]): number =>
  perSecond(() => {
    for (const ip of ips) networks.lookup(ip);
    return ips.length;
  });

function verdicts(networks: Networks, ips: readonly string[]): number {
  const userAgent = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
  const single = ips.map((ip, n): Observation[] => [{ kind: n % 3 === 0 ? 'click' : 'open', ip, userAgent }]);
  return perSecond(() => {
    for (const one of single) judge(one, { networks });
    return single.length;
  });
}

export async function measureNetworks(): Promise<NetworksRun> {
  const stored = storedLists();
  const emptyBytes = await heldBytes();
  const loaded = load(stored);
  const heapBytes = (await heldBytes()) - emptyBytes;
  const times = [0, 1, 2].map(() => {
    const startedMs = performance.now();
    load(stored);
    return performance.now() - startedMs;
  });
  const { networks } = loaded;
  const ips = addresses();
  return {
    prefixes: networks.prefixCount,
    loadMs: Math.min(...times),
    heapBytes,
    lookupsPerSecond: lookups(networks, ips),
    verdictsPerSecond: verdicts(networks, ips),
    verdictsPerSecondBuiltIn: verdicts(builtInNetworks, ips),
    isReal: isReal && loaded.lists.every((list) => list.fetchedAt <= new Date()),
  };
}
