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
  const name = `${openers} ${clickersOfOpeners} ${prefetched} ${knownOpeners} ${prefetchedClickers}`;
  const known = rememberedAnswers.get(name);
  if (known !== undefined) return known;
  if (rememberedAnswers.size >= mostRemembered) rememberedAnswers.clear();
  const answer = workOut(counts);
  rememberedAnswers.set(name, answer);
  return answer;
}

/** A report is read again and again while few of its thousand domains change. */
const rememberedAnswers = new Map<string, HiddenOpensAnswer>();
const mostRemembered = 10_000;

function workOut(counts: EstimateCounts): HiddenOpensAnswer {
  const { openers, clickersOfOpeners, prefetched, knownOpeners, prefetchedClickers } = counts;
  // Chapman's form of prefetchedClickers × openers / clickers: without the bias of dividing by a small number.
  const likely = (prefetchedClickers * (openers + 1)) / (clickersOfOpeners + 1);
  const tails = (opened: number): Tails => tailsOf(opened, counts);
  if (likely > prefetched && tails(prefetched).atLeast <= tailEachSide) return { withheld: withheld('contradicted') };
  const isEnough = (opened: number): boolean => tails(opened).atLeast > tailEachSide;
  const isTooMany = (opened: number): boolean => tails(opened).atMost <= tailEachSide;
  const spread = Math.exp(2 * Math.sqrt(1 / clickersOfOpeners + 1 / prefetchedClickers)); // only where to look first
  const least = firstWhere(isEnough, { first: prefetchedClickers, last: prefetched }, likely / spread);
  const low = Math.max(least, knownOpeners);
  const high = firstWhere(isTooMany, { first: low + 1, last: prefetched + 1 }, likely * spread) - 1;
  return { opened: Math.min(high, Math.max(low, likely)), low, high };
}

interface Range {
  readonly first: number;
  readonly last: number;
}

/** The first number of a range from which on it holds; the last where it holds of none before. */
function firstWhere(holds: (value: number) => boolean, range: Range, guess: number): number {
  let { first, last } = around(holds, range, guess);
  while (first < last) {
    const middle = Math.floor((first + last) / 2);
    if (holds(middle)) last = middle;
    else first = middle + 1;
  }
  return first;
}

/** Strides away from the guess until the answer is between two of them: a good guess saves most of the search. */
function around(holds: (value: number) => boolean, { first, last }: Range, guess: number): Range {
  if (first >= last) return { first, last };
  const near = Math.min(Math.max(Math.floor(guess), first), last - 1);
  const stride = Math.max(1, near >> 5);
  if (holds(near)) {
    for (let held = near, step = stride; ; held -= step, step *= 2) {
      if (held - step < first) return { first, last: held };
      if (!holds(held - step)) return { first: held - step + 1, last: held };
    }
  }
  for (let missed = near, step = stride; ; missed += step, step *= 2) {
    if (missed + step >= last) return { first: missed + 1, last };
    if (holds(missed + step)) return { first: missed + 1, last: missed + step };
  }
}

/** How probable so few clicks behind the prefetch are, or fewer; and so many, or more. */
interface Tails {
  readonly atMost: number;
  readonly atLeast: number;
}

const negligible = 1e-10;
/** Where one side is so much more probable, the other is in no doubt. */
const overwhelming = 1e6;
const isDone = (term: number, sum: number): boolean => term < negligible * (1 + sum) || sum > overwhelming;

/** Of the hypergeometric distribution, cut where nothing would be told. Terms are relative to the one that was seen. */
function tailsOf(opened: number, { openers, clickersOfOpeners, prefetchedClickers }: EstimateCounts): Tails {
  const clickers = clickersOfOpeners + prefetchedClickers;
  const fewest = Math.max(fewestClickers, clickers - openers);
  const most = Math.min(clickers - fewestClickers, opened);
  const unclicked = openers - clickers;
  let fewer = 0;
  for (let seen = prefetchedClickers, term = 1; seen > fewest && !isDone(term, fewer); seen--) {
    term *= (seen * (unclicked + seen)) / ((opened - seen + 1) * (clickers - seen + 1));
    fewer += term;
  }
  let more = 0;
  for (let seen = prefetchedClickers, term = 1; seen < most && !isDone(term, more); seen++) {
    term *= ((opened - seen) * (clickers - seen)) / ((seen + 1) * (unclicked + seen + 1));
    more += term;
  }
  const all = 1 + fewer + more;
  return { atMost: (1 + fewer) / all, atLeast: (1 + more) / all };
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
