/** TLSA records as RFC 7672 uses them for mail: which of them can be used. It looks nothing up and sees no certificate. */
export interface Tlsa {
  readonly usage: number;
  readonly selector: number;
  readonly matchingType: number;
  /** Hexadecimal, lower case. */
  readonly data: string;
}

export const trustAnchorUsage = 2;
export const endEntityUsage = 3;
const digestHexLength: Readonly<Record<number, number>> = { 1: 64, 2: 128 };

/** RFC 7672 §3.1.3: the usages 0 and 1 are not for mail. Unknown selectors and types, and digests of a wrong length, say nothing. */
export function isUsable({ usage, selector, matchingType, data }: Tlsa): boolean {
  if (usage !== trustAnchorUsage && usage !== endEntityUsage) return false;
  if (selector > 1 || matchingType > 2 || data === '') return false;
  return matchingType === 0 || data.length === digestHexLength[matchingType];
}
