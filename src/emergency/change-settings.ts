/** Sets which roles may open emergency access and for how long, and tells the audit log. */
import { record } from '../audit/index.ts';
import type { EmergencySettings } from '../contract/emergency.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { lockSettings, readSettingsRow, upsertSettings } from './store.ts';

/** What is undefined or absent stays. */
interface SettingsWish {
  readonly openers?: EmergencySettings['openers'] | undefined;
  readonly maxMinutes?: number | undefined;
}

export function changeSettings(
  world: Pick<World, 'db' | 'clock'>,
  caller: Caller,
  wish: SettingsWish,
): Promise<EmergencySettings> {
  const [at, { actor }] = [world.clock.now(), caller];
  return world.db.asAccount(caller.accountId, async (tx) => {
    await lockSettings(tx);
    const before = await readSettingsRow(tx);
    const settings = {
      openers: [...new Set(wish.openers ?? before.openers)].sort(),
      maxMinutes: wish.maxMinutes ?? before.maxMinutes,
    };
    await upsertSettings(tx, settings);
    const object = { kind: 'emergency-settings' } as const;
    await record(tx, { at, actor, action: 'emergency_settings.changed', object, detail: settings });
    return settings;
  });
}
