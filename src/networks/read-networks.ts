/** Tells which lists of networks are in use: from where, how many prefixes, how old, and what was wrong with the last try. */
import { builtInLists } from '@waxwing/verdict';
import type { z } from 'zod';
import { type readNetworks as endpoint, listRefusalCode } from '../contract/networks.ts';
import type { World } from '../platform/world.ts';
import { type ListName, listNames, lists } from './lists.ts';
import type { FollowedNetworks } from './networks-in-use.ts';
import { publicPart } from './refresh-list.ts';
import { type ListState, readStates } from './store.ts';
import type { RefreshingOptions } from './worker.ts';

/** What this process is told of refreshing; null: it is switched off. */
export type RefreshSettings = Pick<RefreshingOptions, 'urls' | 'intervalMs'> | null;

type Answer = z.input<typeof endpoint.result>;
type ListRow = Answer['lists'][number];

const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** As the judge has it: a certain sign that leans on an older list is only probable. */
const staleAfterMs = 14 * dayMs;

export async function readNetworks(
  world: Pick<World, 'db' | 'clock'>,
  inUse: Pick<FollowedNetworks, 'lists'>,
  refresh: RefreshSettings,
): Promise<Answer> {
  const states = new Map((await world.db.asWorker(readStates)).map((state) => [state.name, state]));
  const loaded = new Map(inUse.lists().map((list) => [list.name, list]));
  const now = world.clock.now();
  const known = listNames.flatMap((name) => {
    const [url, state] = [refresh?.urls[name], states.get(name)];
    const list = newest(state, loaded.get(name));
    return url === undefined && list === undefined ? [] : [rowOf(name, { list, state, url }, now)];
  });
  const facts = builtInLists.filter(({ name }) => !known.some((row) => row.name === name)).map(factRow);
  return { refreshHours: refresh === null ? null : refresh.intervalMs / hourMs, lists: [...known, ...facts] };
}

interface Held {
  readonly prefixes: number;
  readonly fetchedAt: Date;
  readonly origin: ListRow['origin'];
}

/** The database may know more than this thread's table, and the table what was never stored. */
function newest(
  state: ListState | undefined,
  loaded: { readonly prefixes: number; readonly fetchedAt: Date } | undefined,
): Held | undefined {
  if (state?.fetchedAt != null && (loaded === undefined || loaded.fetchedAt <= state.fetchedAt)) {
    const { prefixes, fetchedAt, source } = state;
    return { prefixes, fetchedAt, origin: source === 'import' ? 'import' : 'publisher' };
  }
  return loaded && { prefixes: loaded.prefixes, fetchedAt: loaded.fetchedAt, origin: 'package' };
}

interface Known {
  readonly list: Held | undefined;
  readonly state: ListState | undefined;
  readonly url: string | undefined;
}

function rowOf(name: ListName, { list, state, url }: Known, now: Date): ListRow {
  const ageMs = list && Math.max(0, now.getTime() - list.fetchedAt.getTime());
  return {
    name,
    class: lists[name].class ?? 'several',
    origin: list?.origin ?? 'ruleset',
    sourceUrl: url === undefined ? null : publicPart(url),
    prefixes: list?.prefixes ?? factCount(name),
    fetchedAt: list?.fetchedAt.toISOString() ?? null,
    checkedAt: state?.checkedAt?.toISOString() ?? null,
    ageDays: ageMs === undefined ? null : Math.round((ageMs / dayMs) * 10) / 10,
    isStale: ageMs !== undefined && ageMs > staleAfterMs,
    lastRefusal: refusalOf(state),
  };
}

function refusalOf(state: ListState | undefined): ListRow['lastRefusal'] {
  const code = listRefusalCode.safeParse(state?.refusal?.code);
  if (state?.refusal == null || !code.success) return null;
  return { code: code.data, text: state.refusal.text, at: state.refusal.at.toISOString() };
}

function factRow({ name, class: ofClass, prefixes }: (typeof builtInLists)[number]): ListRow {
  const unknown = {
    sourceUrl: null,
    fetchedAt: null,
    checkedAt: null,
    ageDays: null,
    isStale: false,
    lastRefusal: null,
  };
  return { name, class: ofClass, origin: 'ruleset', prefixes: prefixes.length, ...unknown };
}

/** Until a list is there, the ruleset's facts of its name hold. */
const factCount = (name: ListName): number => builtInLists.find((list) => list.name === name)?.prefixes.length ?? 0;
