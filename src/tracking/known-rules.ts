/** Refuses ids that name no rule of the judge, so that nobody believes a rule switched off that is merely misspelt. */
import { rules } from '@waxwing/verdict';
import { Problem } from '../contract/problem.ts';

/** Throws request.malformed, naming the place and never the word. */
export function knownRules(ids: readonly string[], field = 'disabledRules'): readonly string[] {
  const known = new Set(rules.map((rule) => rule.id));
  const unknown = ids.findIndex((id) => !known.has(id));
  if (unknown >= 0)
    throw new Problem('request.malformed', [
      { field: `${field}.${unknown}`, message: 'is not the id of a rule; GET /v1/rules lists them' },
    ]);
  return ids;
}
