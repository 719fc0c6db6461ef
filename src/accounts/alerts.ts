/** Raises what somebody should look at, and notes who did. Whom it is mailed to is decided elsewhere. */
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import type { Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import {
  insertAlert,
  type ListedAlert,
  listAlertRows,
  markAlertAcknowledged,
  readAlertRow,
  type StoredAlert,
} from './people/people-store.ts';

type NewAlert = Pick<StoredAlert, 'at' | 'what' | 'userId' | 'detail'>;

/** In the transaction of what it tells. */
export const raiseAlert = (tx: Tx, alert: NewAlert): Promise<unknown> =>
  insertAlert(tx, { ...alert, id: newId(alert.at) });

/** The look is an entry: alerts tell when and how people signed in. */
export async function listAlerts(world: Pick<World, 'db' | 'clock'>, caller: Caller): Promise<ListedAlert[]> {
  const [at, { actor }] = [world.clock.now(), caller];
  return world.db.asAccount(caller, async (tx) => {
    const alerts = await listAlertRows(tx, caller.departments);
    const detail = { alerts: alerts.length };
    await record(tx, { at, actor, action: 'alerts.listed', object: { kind: 'alerts' }, detail });
    return alerts;
  });
}

/** Whoever was first stays the one who did. */
export async function acknowledgeAlert(world: Pick<World, 'db' | 'clock'>, caller: Caller, id: string): Promise<void> {
  const [at, { actor }] = [world.clock.now(), caller];
  const userId = caller.session?.userId ?? null;
  await world.db.asAccount(caller, async (tx) => {
    const alert = await readAlertRow(tx, id, caller.departments);
    if (alert === undefined) throw new Problem('alert.not_found');
    const { what } = alert;
    if (what.startsWith('emergency_') && userId !== null && userId === alert.userId) throw new Problem('emergency.own');
    if (!(await markAlertAcknowledged(tx, id, at, userId))) return;
    await record(tx, { at, actor, action: 'alert.acknowledged', object: { kind: 'alert', id }, detail: { what } });
  });
}
