/**
 * Holds the table that this thread judges by, and keeps it at what is stored: a cheap look at the revisions, and a new table
 * when one has moved. Without a database, or before the first list, the facts that come with the program hold.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { builtInNetworks, type Networks } from '@waxwing/verdict';
import type { Running, World } from '../platform/world.ts';
import { packagedAsTable } from './as-table.ts';
import { assembleNetworks, type LoadedList } from './assemble-networks.ts';
import { unpackContent } from './compile-list.ts';
import type { ListName } from './lists.ts';
import { type ListState, readContents, readStates } from './store.ts';

export interface NetworksInUse {
  current(): Networks;
}

/** For whoever has no database. */
export const factsAlone: NetworksInUse = { current: () => builtInNetworks };

export interface FollowingOptions {
  /** Whether the table of autonomous systems that comes with the program is used. */
  readonly usesAsTable: boolean;
  readonly lookMs?: number;
}

export interface FollowedNetworks extends NetworksInUse, Running {
  /** Of the lists in this thread's table, each with its date. */
  lists(): readonly { readonly name: ListName; readonly prefixes: number; readonly fetchedAt: Date }[];
  /** Looks at once. False: the database did not answer. */
  look(): Promise<boolean>;
}

type Needs = Pick<World, 'db'>;

const usualLookMs = 20_000;

export function followNetworks(world: Needs, options: FollowingOptions): FollowedNetworks {
  const stopping = new AbortController();
  const packaged = options.usesAsTable ? [fromPackage()] : [];
  let loaded = new Map<ListName, Loaded>();
  let networks = assembleNetworks(packaged);

  const look = async (): Promise<boolean> => {
    try {
      const fresh = await loadNew(world, loaded);
      if (fresh === undefined) return true;
      loaded = fresh;
      networks = assembleNetworks(effective([...packaged, ...loaded.values()]));
      return true;
    } catch {
      return false; // nothing to tell: whoever needs the database more says so
    }
  };
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await sleep(options.lookMs ?? usualLookMs, undefined, { signal: stopping.signal, ref: false }).catch(
        () => undefined,
      );
      if (!stopping.signal.aborted) await look();
    }
  };
  const running = loop();
  return {
    current: () => networks,
    lists: () =>
      effective([...packaged, ...loaded.values()]).map(({ name, prefixes, fetchedAt }) => ({
        name,
        prefixes,
        fetchedAt,
      })),
    look,
    async close() {
      stopping.abort();
      await running;
    },
  };
}

interface Loaded extends LoadedList {
  readonly revision: number;
  readonly prefixes: number;
}

/** What the lists of the program alone amount to, for commands without a database. */
export const packagedNetworks = (): Networks => assembleNetworks([fromPackage()]);

function fromPackage(): Loaded {
  return { name: 'autonomous-systems', revision: 0, ...packagedAsTable() };
}

/** Of two lists of one name the later counts. */
function effective(all: readonly Loaded[]): Loaded[] {
  const byName = new Map<ListName, Loaded>();
  for (const list of all) {
    const other = byName.get(list.name);
    if (other === undefined || other.fetchedAt <= list.fetchedAt) byName.set(list.name, list);
  }
  return [...byName.values()];
}

/** Undefined: nothing has moved. */
async function loadNew(
  { db }: Needs,
  loaded: ReadonlyMap<ListName, Loaded>,
): Promise<Map<ListName, Loaded> | undefined> {
  const states = await db.asWorker(readStates);
  const moved = states.filter(({ name, revision, fetchedAt }) =>
    fetchedAt === null ? loaded.has(name) : loaded.get(name)?.revision !== revision,
  );
  if (moved.length === 0) return undefined;
  const contents = await db.asWorker((tx) =>
    readContents(
      tx,
      moved.map((state) => state.name),
    ),
  );
  const fresh = moved.flatMap((state) => loadedOf(state, contents.get(state.name)));
  const next = new Map(loaded);
  for (const { name } of moved) next.delete(name); // somebody may have had it forgotten
  for (const list of fresh) next.set(list.name, list);
  return next;
}

function loadedOf({ name, revision, prefixes, fetchedAt }: ListState, content: Uint8Array | undefined): Loaded[] {
  if (content === undefined || fetchedAt === null) return [];
  return [{ name, revision, prefixes, fetchedAt, content: unpackContent(content) }];
}
