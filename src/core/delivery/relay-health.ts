/** Says in words how a relay is doing, from what each process saw of it lately. */
import { reasons } from './reasons.ts';

export interface SeenRelay {
  readonly state: 'working' | 'resting' | 'probing';
  readonly answeredAt: Date | null;
  readonly failingSince: Date | null;
  readonly lastWhy: string | null;
  readonly restsUntil: Date | null;
}

export interface RelayCondition {
  readonly state: 'unused' | 'working' | 'unsteady' | 'resting' | 'failing';
  readonly text: string;
  readonly answeredAt: Date | null;
  readonly failingSince: Date | null;
  readonly restsUntil: Date | null;
}

export function relayCondition(seen: readonly SeenRelay[]): RelayCondition {
  const failing = seen.filter(({ state, failingSince }) => state !== 'working' || failingSince !== null);
  const state = stateOf(seen, failing);
  const why = failing.find(({ lastWhy }) => lastWhy !== null)?.lastWhy ?? null;
  const said = why === null ? '' : ` ${(reasons as Readonly<Record<string, string>>)[why] ?? ''}`;
  return {
    ...{ state, text: `${words[state]}${said}` },
    answeredAt: latest(seen.map(({ answeredAt }) => answeredAt)),
    failingSince: earliest(failing.map(({ failingSince }) => failingSince)),
    restsUntil: latest(failing.map(({ restsUntil }) => restsUntil)),
  };
}

const words: Readonly<Record<RelayCondition['state'], string>> = {
  unused: 'Nothing was sent through it in the last hour.',
  working: 'It answers.',
  unsteady: 'It does not answer each time; mail goes on trying it.',
  resting: 'It failed and is left alone for a moment; other relays are asked first.',
  failing: 'It failed; the next copy tries whether it is back.',
};

function stateOf(seen: readonly SeenRelay[], failing: readonly SeenRelay[]): RelayCondition['state'] {
  if (seen.length === 0) return 'unused';
  if (failing.length === 0) return 'working';
  // A failure or two do not make it rest: it is tried on, and yet nobody may say that it answers.
  if (failing.length < seen.length || failing.some(({ state }) => state === 'working')) return 'unsteady';
  return failing.some(({ state }) => state === 'probing') ? 'failing' : 'resting';
}

const known = (dates: readonly (Date | null)[]): Date[] =>
  dates.filter((date) => date !== null).toSorted((one, other) => one.getTime() - other.getTime());
const latest = (dates: readonly (Date | null)[]): Date | null => known(dates).at(-1) ?? null;
const earliest = (dates: readonly (Date | null)[]): Date | null => known(dates)[0] ?? null;
