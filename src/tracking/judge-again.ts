/**
 * Judges the stored hits of a copy once more, by the rules and facts of now: what the request still tells is looked up
 * anew, what it no longer tells stands as it was kept. It reads and writes nothing.
 */
import { type Evidence, gatherEvidence, judgeSequence, type NetworkMatch, type Networks } from '@waxwing/verdict';
import type { HitVerdict, JudgedHit } from '../events/index.ts';
import type { KnownHabits } from '../habits/index.ts';
import { withLateHabit } from './compare-habit.ts';
import { opinion, revised } from './form-opinion.ts';
import { type CopyUnderTest, withDelivery } from './gather-evidence.ts';
import type { OpenRequest } from './seal-requests.ts';
import { type SourceMark, SourceSpreads } from './source-spread.ts';
import { earlierEvidence, keyText, spread } from './spread-evidence.ts';

export interface StoredCopy {
  readonly recipient: CopyUnderTest['recipient'] & { readonly domainId: number };
  readonly hits: readonly JudgedHit[];
  /** These hits are beyond those that are judged together: each by itself. */
  readonly isEachAlone: boolean;
  /** Hits of the sources of these hits, where the verdicts beside them do not tell how many recipients each reached. */
  readonly sources: readonly SourceMark[];
  /** What is still readable of the requests. */
  readonly openRequest: OpenRequest;
  /** For hits that came before their delivery was known. */
  readonly habits: KnownHabits;
}

export interface JudgingAgain {
  readonly networks: Networks;
  readonly disabledRules: readonly string[];
}

/** Gives the opinion on each hit, in their order. Sources that come again are looked up once. */
export function judgingAgain({ networks, disabledRules }: JudgingAgain) {
  const gathered = gatheringAgain(networks);
  return (copy: StoredCopy, now: Date): HitVerdict[] => {
    const spreads = new SourceSpreads(copy.sources);
    const evidence = copy.hits.map((hit) => {
      const sourceName = keyText(hit.sourceKey);
      const kept = gathered(earlierEvidence(hit), hit, sourceName, copy.openRequest);
      const known = withLateHabit(kept, withDelivery(kept, copy), copy.recipient.domainId, copy.habits);
      return spread(known, sourceName, spreads);
    });
    const verdicts = copy.isEachAlone
      ? evidence.flatMap((one) => judgeSequence([one], { disabledRules }))
      : judgeSequence(evidence, { disabledRules });
    return copy.hits.map((hit, place) => revised(hit, opinion(verdicts[place], hit.occurredAt, now)));
  };
}

/** What the request itself tells now; what is absent it does not tell. */
interface Gathered {
  readonly client?: Evidence['client'];
  readonly matches?: readonly NetworkMatch[];
}

const dayMs = 86_400_000;
const mostRemembered = 20_000;

/** Opening a request costs more than judging it: of one source and day (one key, one life) it is done once. */
function gatheringAgain(networks: Networks) {
  const bySource = remembering<Gathered>();
  const byAgent = remembering<Evidence['client']>();
  const byAddress = remembering<readonly NetworkMatch[]>();
  const clientOf = (userAgent: string) => gatherEvidence({ kind: 'open', userAgent }, networks, noKey).client;
  const look = (hit: JudgedHit, openRequest: OpenRequest): Gathered => {
    const { ip, userAgent } = openRequest(hit);
    return {
      ...(userAgent === null ? {} : { client: byAgent(userAgent, () => clientOf(userAgent)) }),
      ...(ip === null ? {} : { matches: byAddress(ip, () => networks.lookup(ip)) }),
    };
  };
  return (evidence: Evidence, hit: JudgedHit, source: string | undefined, openRequest: OpenRequest): Evidence => {
    const day = Math.floor(hit.occurredAt.getTime() / dayMs);
    const { client, matches } =
      source === undefined ? look(hit, openRequest) : bySource(`${day} ${source}`, () => look(hit, openRequest));
    if (client === undefined && matches === undefined) return evidence;
    return {
      ...evidence,
      client: client ?? evidence.client,
      networks: matches === undefined ? evidence.networks : matchesNow(evidence.networks, matches),
    };
  };
}

const noKey = (): string => '';

/**
 * A match in a publisher's list was true when the hit came, and stands. What came with the program is taken as it is now,
 * and what a list says only now is known better than it was.
 */
function matchesNow(kept: readonly NetworkMatch[], now: readonly NetworkMatch[]): readonly NetworkMatch[] {
  const standing = kept.filter((match) => match.fetchedAtMs !== undefined);
  if (standing.length === 0) return now;
  const isStanding = (match: NetworkMatch): boolean =>
    standing.some((other) => other.list === match.list && other.class === match.class);
  return [...standing, ...now.filter((match) => !isStanding(match))];
}

function remembering<T>(): (name: string, lookUp: () => T) => T {
  const known = new Map<string, T>();
  return (name, lookUp) => {
    const found = known.get(name);
    if (found !== undefined) return found;
    if (known.size >= mostRemembered) known.clear();
    const made = lookUp();
    known.set(name, made);
    return made;
  };
}
