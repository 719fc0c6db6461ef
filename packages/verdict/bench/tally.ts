/** Counts who was found and who was lost, and turns counts into rates with 95 % intervals. Pure. */

export interface Tally {
  readonly machines: number;
  readonly people: number;
  /** Machines' hits held to be machines'. */
  readonly found: number;
  /** People's hits held to be machines'. */
  readonly lost: number;
}

/** `of` 0: there is nothing to take a share of, and the interval says so. */
export interface Rate {
  readonly share: number;
  readonly low: number;
  readonly high: number;
  readonly of: number;
}

export interface Rates {
  readonly precision: Rate;
  readonly recall: Rate;
  readonly humanLoss: Rate;
}

export function tallyOf(hits: readonly { readonly isMachine: boolean; readonly isHeldMachine: boolean }[]): Tally {
  const count = (isMachine: boolean, among: typeof hits): number =>
    among.filter((hit) => hit.isMachine === isMachine).length;
  const held = hits.filter((hit) => hit.isHeldMachine);
  return {
    machines: count(true, hits),
    people: count(false, hits),
    found: count(true, held),
    lost: count(false, held),
  };
}

export function ratesOf({ machines, people, found, lost }: Tally): Rates {
  return { precision: wilson(found, found + lost), recall: wilson(found, machines), humanLoss: wilson(lost, people) };
}

/** The 97.5 % point of the normal distribution. */
const Z = 1.959964;

/** Wilson's score interval (E. B. Wilson, JASA 22, 1927): sound at shares of 0 and 1, where the usual one has no width. */
export function wilson(successes: number, of: number): Rate {
  if (of === 0) return { share: Number.NaN, low: 0, high: 1, of };
  const share = successes / of;
  const centre = share + Z ** 2 / (2 * of);
  const margin = Z * Math.sqrt((share * (1 - share)) / of + Z ** 2 / (4 * of ** 2));
  const scale = 1 + Z ** 2 / of;
  return {
    share,
    low: successes === 0 ? 0 : (centre - margin) / scale,
    high: successes === of ? 1 : (centre + margin) / scale,
    of,
  };
}
