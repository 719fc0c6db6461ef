/** Judges observations from anyone's logs. Nothing is stored, looked up or remembered. */
import { judge, type Networks, rulesetWithout } from '@waxwing/verdict';
import type { z } from 'zod';
import type { judgeObservations as endpoint } from '../contract/verdicts.ts';
import { knownRules } from './known-rules.ts';

type Asked = z.output<typeof endpoint.body>;

export function judgeObservations(
  { observations, asOf, view, disabledRules = [] }: Asked,
  networks: Networks,
): z.input<typeof endpoint.result> {
  const options = {
    networks,
    disabledRules: knownRules(disabledRules),
    ...(asOf === undefined ? {} : { asOf }),
    ...(view === undefined ? {} : { view }),
  };
  // An absent field may be `undefined` or null here; the judge takes what is missing as missing either way.
  const verdicts = judge(observations as Parameters<typeof judge>[0], options);
  return {
    ruleset: rulesetWithout(disabledRules),
    verdicts: verdicts.map((one) => ({ ...one, reasons: [...one.reasons] })),
  };
}
