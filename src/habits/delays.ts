/**
 * Delays after delivery as counts in bins that grow by a fifth each, and what is typical among them. Pure; a bin tells a
 * delay to within a tenth.
 */

const firstMs = 1_000;
const binsPerDoubling = 4;
/** The last bin begins at about ten days. */
const lastBin = 80;

export const binOf = (delayMs: number): number =>
  delayMs < firstMs ? 0 : Math.min(lastBin, 1 + Math.floor(binsPerDoubling * Math.log2(delayMs / firstMs)));

const startMs = (bin: number): number => (bin === 0 ? 0 : firstMs * 2 ** ((bin - 1) / binsPerDoubling));
const endMs = (bin: number): number => startMs(bin + 1);
const middleMs = (bin: number): number => (bin === 0 ? firstMs / 2 : Math.sqrt(startMs(bin) * endMs(bin)));

/** Counts by bin, or by any other whole number. */
export type Histogram = ReadonlyMap<number, number>;

export const totalOf = (histogram: Histogram): number => [...histogram.values()].reduce((sum, count) => sum + count, 0);

/** The smallest value that at least this share of the counts does not exceed. */
export function quantileOf(histogram: Histogram, share: number): number {
  const wanted = totalOf(histogram) * share;
  let seen = 0;
  let last = 0;
  for (const [value, count] of [...histogram].sort(([one], [other]) => one - other)) {
    seen += count;
    last = value;
    if (seen >= wanted) break;
  }
  return last;
}

export interface DelayRange {
  readonly medianMs: number;
  /** Nine tenths of the copies lie between these. */
  readonly lowMs: number;
  readonly highMs: number;
}

export function rangeOf(histogram: Histogram): DelayRange {
  return {
    medianMs: Math.round(middleMs(quantileOf(histogram, 0.5))),
    lowMs: Math.round(startMs(quantileOf(histogram, 0.05))),
    highMs: Math.round(endMs(quantileOf(histogram, 0.95))),
  };
}

/** Inside the usual range, widened by half on either side. */
export const isUsual = (range: DelayRange, delayMs: number): boolean =>
  delayMs >= range.lowMs / 1.5 && delayMs <= range.highMs * 1.5;

/** So far outside that it was not the scanner doing what it usually does. */
export const isFarOff = (range: DelayRange, bin: number): boolean =>
  endMs(bin) < range.lowMs / 3 || startMs(bin) > range.highMs * 3;
