/** Hits of one machine in quick succession, taken together for reading. What belongs together is decided here, and told in a line. */
import type { EventBody } from '../../../src/contract/messages.ts';
import type { VerdictBody } from '../../../src/contract/verdicts.ts';
import { plural } from '../../shared/format.ts';
import { actorName } from '../verdict/words.ts';

type Hit = EventBody & { readonly verdict: VerdictBody };

export interface Burst {
  readonly kind: 'burst';
  readonly hits: readonly [Hit, ...Hit[]];
}
export type Item = { readonly kind: 'event'; readonly event: EventBody } | Burst;

const longestPauseMs = 10_000;
const fewestHits = 3;

const isMachine = (event: EventBody): event is Hit => event.verdict?.verdict === 'automated';

/** Only what one badge and one sentence can tell of all; and a prefetch says something else than a scan. */
const isAlike = (one: VerdictBody, other: VerdictBody): boolean =>
  one.actor === other.actor &&
  one.strength === other.strength &&
  one.provisional === other.provisional &&
  one.unknowable === other.unknowable;

const follows = (last: Hit | undefined, next: Hit): boolean =>
  last !== undefined &&
  isAlike(last.verdict, next.verdict) &&
  Date.parse(next.occurredAt) - Date.parse(last.occurredAt) <= longestPauseMs;

/** The events in their order, with each burst in the place of its first hit. */
export function inBursts(events: readonly EventBody[]): Item[] {
  const runs: EventBody[][] = [];
  for (const event of events) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    if (run !== undefined && last !== undefined && isMachine(last) && isMachine(event) && follows(last, event))
      run.push(event);
    else runs.push([event]);
  }
  return runs.flatMap((run): Item[] => {
    const [first, ...rest] = run.filter(isMachine);
    return first !== undefined && run.length >= fewestHits
      ? [{ kind: 'burst', hits: [first, ...rest] }]
      : run.map((event) => ({ kind: 'event', event }));
  });
}

function linkWords(hits: readonly Hit[]): string {
  const clicks = hits.filter(({ type, honeypot }) => type === 'clicked' && !honeypot);
  if (clicks.length === 0) return '';
  const known = new Set(clicks.map(({ link }) => link?.index ?? null));
  if (known.has(null)) return plural(clicks.length, 'click');
  const links = plural(known.size, 'link');
  return clicks.length > known.size ? `${links} (${clicks.length} times)` : links;
}

function imageWords(hits: readonly Hit[]): string {
  const opens = hits.filter(({ type }) => type === 'opened').length;
  return opens === 0 ? '' : opens === 1 ? 'the image' : `the image (${opens} times)`;
}

export const spanOf = ({ hits }: Burst): string => {
  const [first] = hits;
  const last = hits.at(-1) ?? first;
  const seconds = Math.max(1, Math.ceil((Date.parse(last.occurredAt) - Date.parse(first.occurredAt)) / 1000));
  return seconds > 120 ? plural(Math.ceil(seconds / 60), 'minute') : plural(seconds, 'second');
};

/** `6 links within 1 second, by Proofpoint`. */
export function burstHeadline(burst: Burst): string {
  const { hits } = burst;
  const hidden = hits.some(({ honeypot }) => honeypot) ? 'a link that nobody can see' : '';
  const what = [imageWords(hits), linkWords(hits), hidden].filter((words) => words !== '');
  const sentence = `${new Intl.ListFormat('en-US').format(what)} within ${spanOf(burst)}, by ${actorName(hits[0].verdict.actor)}`;
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

/** The reasons that hold for every hit of the burst. */
export const sharedReasons = ({ hits: [first, ...others] }: Burst): VerdictBody['reasons'] =>
  first.verdict.reasons.filter(({ rule, text }) =>
    others.every(({ verdict }) => verdict.reasons.some((reason) => reason.rule === rule && reason.text === text)),
  );
