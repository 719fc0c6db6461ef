/** Every rule of the judge, in the words of its own file, and whether it judges for the account. */
import { RULESET, rules } from '@waxwing/verdict';
import { readSettings } from '../accounts/index.ts';
import type { World } from '../platform/world.ts';

export async function listRules({ db }: Pick<World, 'db'>, accountId: string) {
  const { disabledRules } = await db.readAccount(accountId, readSettings);
  return {
    ruleset: RULESET,
    rules: rules.map((rule) => ({
      id: rule.id,
      text: rule.text,
      says: rule.says,
      family: rule.says === 'machine' ? rule.family : null,
      strengths: rule.says === 'machine' ? [...rule.strengths] : [],
      kinds: [...rule.kinds],
      source: rule.source,
      enabled: !disabledRules.includes(rule.id),
    })),
  };
}
