/** Changes some of an account's outbound settings, and tells the audit log which, from what and to what. */
import { isDeepStrictEqual } from 'node:util';
import { rules } from '@waxwing/verdict';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import type { OutboundSettings } from '../contract/settings.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { readSettingsRow, updateSettings } from './store.ts';

/** What is undefined or absent stays. */
type SettingsWish = { readonly [Name in keyof OutboundSettings]?: OutboundSettings[Name] | undefined };

export function changeSettings(
  world: Pick<World, 'db' | 'clock'>,
  caller: Caller,
  wish: SettingsWish,
): Promise<OutboundSettings> {
  if (wish.timeZone !== undefined && !isTimeZone(wish.timeZone))
    throw new Problem('request.malformed', [{ field: 'timeZone', message: 'is not an IANA time zone' }]);
  if (wish.disabledRules !== undefined) wish = { ...wish, disabledRules: ruleIds(wish.disabledRules) };
  return world.db.asAccount(caller.accountId, async (tx) => {
    const before = await readSettingsRow(tx, true);
    const { from, to } = difference(before, wish);
    if (Object.keys(to).length === 0) return before;
    await updateSettings(tx, to);
    await record(tx, {
      at: world.clock.now(),
      actor: caller.actor,
      action: 'settings.changed',
      object: { kind: 'settings' },
      detail: { from, to },
    });
    return { ...before, ...to };
  });
}

function difference(
  before: OutboundSettings,
  wish: SettingsWish,
): { from: Partial<OutboundSettings>; to: Partial<OutboundSettings> } {
  const changed = (Object.keys(wish) as (keyof OutboundSettings)[]).filter(
    (key) => wish[key] !== undefined && !isDeepStrictEqual(wish[key], before[key]),
  );
  const pick = (values: SettingsWish): Partial<OutboundSettings> =>
    Object.fromEntries(changed.map((key) => [key, values[key]]));
  return { from: pick(before), to: pick(wish) };
}

/** Each once and in order, so that equal choices are equal. */
function ruleIds(wished: readonly string[]): string[] {
  const known = new Set(rules.map((rule) => rule.id));
  const unknown = wished.findIndex((id) => !known.has(id));
  if (unknown >= 0)
    throw new Problem('request.malformed', [
      { field: `disabledRules.${unknown}`, message: 'is not the id of a rule; docs/rules.md lists them' },
    ]);
  return [...new Set(wished)].sort();
}

/** PostgreSQL reads the same names from its own copy of the IANA database. */
function isTimeZone(name: string): boolean {
  try {
    return /^[A-Za-z][\w+\-/]*$/.test(name) && new Intl.DateTimeFormat('en', { timeZone: name }).format(0) !== '';
  } catch {
    return false;
  }
}
