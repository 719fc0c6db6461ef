/** The lists of networks that publishers give: what each is for, where it is, and how small it cannot be. Facts, no code. */
import type { NetworkClass } from '@waxwing/verdict';

export const listNames = [
  'apple-egress',
  'google',
  'google-fetchers',
  'google-cloud',
  'microsoft-mail',
  'microsoft',
  'amazon',
  'autonomous-systems',
] as const;
export type ListName = (typeof listNames)[number];

export const isListName = (name: string): name is ListName => listNames.some((one) => one === name);

export interface ListDefinition {
  /** Undefined: a table of autonomous systems, which holds networks of several classes. */
  readonly class: NetworkClass | undefined;
  /** Networks, or lines of a table, below which it cannot be the whole list. */
  readonly atLeast: number;
  /** What is known beside the publisher's own words. */
  readonly alsoHolds: readonly string[];
}

const list = (
  ofClass: NetworkClass | undefined,
  atLeast: number,
  alsoHolds: readonly string[] = [],
): ListDefinition => ({
  class: ofClass,
  atLeast,
  alsoHolds,
});

export const lists: Readonly<Record<ListName, ListDefinition>> = {
  'apple-egress': list('apple-egress', 500),
  google: list('google', 10),
  'google-fetchers': list('google', 5),
  'google-cloud': list('data-centre', 10),
  // Microsoft publishes Exchange Online Protection; 40.94/16 was seen detonating in several independent reports.
  'microsoft-mail': list('microsoft-mail', 3, ['40.94.0.0/16']),
  microsoft: list('microsoft', 10),
  amazon: list('data-centre', 100),
  'autonomous-systems': list(undefined, 100_000),
};

/** Where lists are fetched. Absent: not at all. */
export type ListUrls = Readonly<Partial<Record<ListName, string>>>;
