/**
 * How many people opened behind Apple's prefetch, which hides it: from their clicks and from how often people whose opens
 * can be seen click once they have opened. Pure and exact: no drawing of chances, the same counts give the same interval.
 */

/** Recipients of one row, in one view. */
export interface EstimateCounts {
  /** Not behind a prefetch: people who loaded the pixel, and those of them who clicked too. */
  readonly openers: number;
  readonly clickersOfOpeners: number;
  /** Delivered and behind a prefetch; those of them known as people who opened, and as people who clicked. */
  readonly prefetched: number;
  readonly knownOpeners: number;
  readonly prefetchedClickers: number;
}

export const noEstimateCounts: EstimateCounts = {
  openers: 0,
  clickersOfOpeners: 0,
  prefetched: 0,
  knownOpeners: 0,
  prefetchedClickers: 0,
};

export const addEstimateCounts = (a: EstimateCounts, b: EstimateCounts): EstimateCounts => ({
  openers: a.openers + b.openers,
  clickersOfOpeners: a.clickersOfOpeners + b.clickersOfOpeners,
  prefetched: a.prefetched + b.prefetched,
  knownOpeners: a.knownOpeners + b.knownOpeners,
  prefetchedClickers: a.prefetchedClickers + b.prefetchedClickers,
});

export type WithheldCode = 'no-prefetch' | 'too-few-clickers' | 'contradicted' | 'no-opens';

export interface Withheld {
  readonly code: WithheldCode;
  readonly text: string;
}

const withheldTexts: Readonly<Record<WithheldCode, string>> = {
  'no-prefetch': 'No open of this row is hidden by a prefetch: the open rate needs no estimate.',
  'too-few-clickers':
    'Fewer than 10 people clicked on one of the two sides, behind Apple’s prefetch or elsewhere: too few to say.',
  contradicted:
    'More people clicked behind Apple’s prefetch than the assumption allows, even if all of them had opened.',
  'no-opens': 'Opens belong to a message and to no single link of it.',
};

export const withheld = (code: WithheldCode): Withheld => ({ code, text: withheldTexts[code] });

/** How many of the prefetched opened: people, a whole number at either end of the interval. */
export interface HiddenOpens {
  readonly opened: number;
  readonly low: number;
  readonly high: number;
}

export type HiddenOpensAnswer = HiddenOpens | { readonly withheld: Withheld };

/** detection.md's figure: below it an interval says nothing that would not be misread. */
const fewestClickers = 10;
const tailEachSide = 0.025;

/**
 * Let X of the prefetched have opened. If openers click with the same probability on both sides, then, given how many
 * clicked in all, which of the X + openers they were is chance alone: the clicks behind the prefetch are hypergeometric,
 * and the probability of a click drops out. The interval holds every X under which what was seen lies in neither outer
 * 2.5 % (Clopper and Pearson, Biometrika 26, 1934). It is taken given also that both sides reached the number below which
 * nothing is told: otherwise the lucky few small samples that are told would miss too often.
 */
export function estimateHiddenOpens(counts: EstimateCounts): HiddenOpensAnswer {
  const { openers, clickersOfOpeners, prefetched, knownOpeners, prefetchedClickers } = counts;
  if (prefetched === 0) return { withheld: withheld('no-prefetch') };
  if (Math.min(clickersOfOpeners, prefetchedClickers) < fewestClickers)
    return { withheld: withheld('too-few-clickers') };
  const tails = (opened: number): Tails => tailsOf(opened, openers, clickersOfOpeners, prefetchedClickers);
  if (tails(prefetched).atLeast <= tailEachSide) return { withheld: withheld('contradicted') };
  const atLeast = Math.max(prefetchedClickers, knownOpeners);
  const least = firstWhere(prefetchedClickers, prefetched, (opened) => tails(opened).atLeast > tailEachSide);
  const low = Math.max(atLeast, least);
  const beyond = firstWhere(low + 1, prefetched + 1, (opened) => tails(opened).atMost <= tailEachSide);
  const high = beyond - 1;
  // Chapman's form of prefetchedClickers × openers / clickers: without the bias of dividing by a small number.
  const likely = (prefetchedClickers * (openers + 1)) / (clickersOfOpeners + 1);
  return { opened: Math.min(high, Math.max(low, likely)), low, high };
}

/** The first number of a range from which on it holds; `end` where it never does. */
function firstWhere(from: number, end: number, holds: (value: number) => boolean): number {
  let [first, last] = [from, end];
  while (first < last) {
    const middle = Math.floor((first + last) / 2);
    if (holds(middle)) last = middle;
    else first = middle + 1;
  }
  return first;
}

/** How probable so few clicks behind the prefetch are, or fewer; and so many, or more. */
interface Tails {
  readonly atMost: number;
  readonly atLeast: number;
}

/** Of the hypergeometric distribution, cut where nothing would be told. Terms are relative to the one that was seen. */
function tailsOf(opened: number, openers: number, clickersOfOpeners: number, prefetchedClickers: number): Tails {
  const clickers = clickersOfOpeners + prefetchedClickers;
  const fewest = Math.max(fewestClickers, clickers - openers);
  const most = Math.min(clickers - fewestClickers, opened);
  const up = (seen: number): number =>
    ((opened - seen) * (clickers - seen)) / ((seen + 1) * (openers - clickers + seen + 1));
  const fewer = sumOfTerms(prefetchedClickers - fewest, (step) => 1 / up(prefetchedClickers - step - 1));
  const more = sumOfTerms(most - prefetchedClickers, (step) => up(prefetchedClickers + step));
  const all = 1 + fewer + more;
  return { atMost: (1 + fewer) / all, atLeast: (1 + more) / all };
}

const negligible = 1e-10;
/** Where one side is so much more probable, the other is in no doubt. */
const overwhelming = 1e6;

function sumOfTerms(count: number, ratioOf: (step: number) => number): number {
  let [sum, term] = [0, 1];
  for (let step = 0; step < count; step++) {
    term *= ratioOf(step);
    sum += term;
    if (term < negligible * (1 + sum) || sum > overwhelming) break;
  }
  return sum;
}

/** What a report's row says of it: rates that stand beside the row's own open rate. */
export interface RowEstimate {
  readonly openRate: number;
  readonly low: number;
  readonly high: number;
  readonly method: string;
  readonly assumption: string;
  /** The recipients behind the prefetch alone. */
  readonly apple: {
    readonly recipients: number;
    readonly openRate: number;
    readonly low: number;
    readonly high: number;
  };
}

export type RowEstimateAnswer =
  | { readonly estimated: RowEstimate; readonly estimateWithheld: null }
  | { readonly estimated: null; readonly estimateWithheld: Withheld };

const method = 'clicks per open of the other people; exact conditional 95 % interval';
const assumption =
  'People behind Apple’s prefetch who opened clicked as often as the people of this row whose opens can be seen.';

export const estimateWithheld = (code: WithheldCode): RowEstimateAnswer => ({
  estimated: null,
  estimateWithheld: withheld(code),
});

interface RowOpens {
  readonly delivered: number;
  readonly openedByPeople: number;
}

/** Whoever is seen to have opened is counted, behind a prefetch or not; the estimate fills in only what is hidden. */
export function estimateRow({ delivered, openedByPeople }: RowOpens, counts: EstimateCounts): RowEstimateAnswer {
  const hidden = estimateHiddenOpens(counts);
  if ('withheld' in hidden) return { estimated: null, estimateWithheld: hidden.withheld };
  const { prefetched, knownOpeners } = counts;
  const seenElsewhere = openedByPeople - knownOpeners;
  const ofRow = (opened: number): number => Math.min(1, (seenElsewhere + opened) / delivered);
  const { opened, low, high } = hidden;
  const apple = {
    recipients: prefetched,
    openRate: opened / prefetched,
    low: low / prefetched,
    high: high / prefetched,
  };
  const estimated = { openRate: ofRow(opened), low: ofRow(low), high: ofRow(high), method, assumption, apple };
  return { estimated, estimateWithheld: null };
}
