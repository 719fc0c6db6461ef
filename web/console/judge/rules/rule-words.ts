/** Rules in the words of their page: what a family looks at, and which rules fit a search. */
import type { z } from 'zod';
import type { listRules } from '../../../../src/contract/rejudging.ts';

export type Rule = z.output<typeof listRules.result>['rules'][number];

const families: readonly (readonly [string, string])[] = [
  ['token', 'What was asked for'],
  ['agent', 'Who asked, by its own words'],
  ['network', 'From where'],
  ['shape', 'How the requests come together'],
  ['timing', 'When'],
  ['headers', 'What the request carries'],
  ['person', 'Signs of a person'],
];

const familyOf = ({ family, says }: Rule): string => (says === 'person' ? 'person' : (family ?? 'other'));

export interface Group {
  readonly family: string;
  readonly title: string;
  readonly rules: readonly Rule[];
}

/** In the order in which they weigh; a family that is not known here comes last, by its own name. */
export function inGroups(rules: readonly Rule[]): Group[] {
  const by = Map.groupBy(rules, familyOf);
  const known = families.map(([family, title]) => ({ family, title, rules: by.get(family) ?? [] }));
  const others = [...by]
    .filter(([family]) => !families.some(([one]) => one === family))
    .map(([family, ofFamily]) => ({ family, title: family, rules: ofFamily }));
  return [...known, ...others].filter(({ rules: ofFamily }) => ofFamily.length > 0);
}

export type Kind = 'all' | 'machine' | 'person' | 'off';

const isOf = (kind: Kind, { says, enabled }: Rule): boolean =>
  kind === 'all' || (kind === 'off' ? !enabled : says === kind);

export function search(rules: readonly Rule[], wanted: string, kind: Kind): Rule[] {
  const words = wanted.trim().toLowerCase().split(/\s+/);
  return rules.filter((rule) => {
    const text =
      `${rule.id} ${rule.text} ${rule.family ?? ''} ${rule.source} ${rule.strengths.join(' ')}`.toLowerCase();
    return isOf(kind, rule) && words.every((word) => text.includes(word));
  });
}
