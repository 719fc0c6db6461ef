/** From which address an account's alerts are mailed, and how many within an hour. The address is kept sealed. */
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import type { Tx } from '../platform/database.ts';
import type { Caller } from '../platform/route.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { lockAlerting, readLastTrouble, readSettingsRow, type StoredSettings, upsertSettings } from './store.ts';

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;

interface AlertSettings {
  readonly alertFrom: string | null;
  readonly maxPerHour: number;
  readonly lastTrouble: { readonly at: string; readonly code: string } | null;
}

/** What is undefined or absent stays. */
interface SettingsWish {
  readonly alertFrom?: string | null | undefined;
  readonly maxPerHour?: number | undefined;
}

export async function readSettings(world: Needs, { accountId }: Caller): Promise<AlertSettings> {
  const vault = await accountVault(world, accountId);
  return world.db.readAccount(accountId, async (tx) => describe(tx, vault, await readSettingsRow(tx)));
}

export async function changeSettings(world: Needs, caller: Caller, wish: SettingsWish): Promise<AlertSettings> {
  const vault = await accountVault(world, caller.accountId);
  const [at, { actor }] = [world.clock.now(), caller];
  return world.db.asAccount(caller.accountId, async (tx) => {
    await lockAlerting(tx);
    const before = await readSettingsRow(tx);
    const after = {
      fromSealed: wish.alertFrom === undefined ? before.fromSealed : sealed(vault, wish.alertFrom),
      maxPerHour: wish.maxPerHour ?? before.maxPerHour,
    };
    await upsertSettings(tx, after);
    const detail = { isMailed: after.fromSealed !== null, maxPerHour: after.maxPerHour };
    await record(tx, { at, actor, action: 'alert_settings.changed', object: { kind: 'alert-settings' }, detail });
    return describe(tx, vault, after);
  });
}

const sealed = (vault: AccountVault, address: string | null): Buffer | null =>
  address === null ? null : vault.seal('alert.from', address);

async function describe(tx: Tx, vault: AccountVault, row: StoredSettings): Promise<AlertSettings> {
  const trouble = await readLastTrouble(tx);
  return {
    alertFrom: row.fromSealed === null ? null : vault.open('alert.from', row.fromSealed).toString(),
    maxPerHour: row.maxPerHour,
    lastTrouble: trouble === undefined ? null : { at: trouble.at.toISOString(), code: trouble.code },
  };
}
