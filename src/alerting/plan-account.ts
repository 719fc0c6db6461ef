/** Decides once for each waiting alert whom it is mailed to and in which mail, and writes that down. It sends nothing. */
import { accountVault, type DirectoryPerson, readDirectory } from '../accounts/index.ts';
import { planMails } from '../core/alerting/plan-mails.ts';
import { whomToTell } from '../core/alerting/whom-to-tell.ts';
import type { Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import type { World } from '../platform/world.ts';
import {
  dropHeld,
  insertMail,
  insertNotices,
  listHeld,
  listMailsSince,
  lockAlerting,
  readSettingsRow,
  takeWaiting,
} from './store.ts';

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;

const hourMs = 3_600_000;

export async function planAccount(world: Needs, accountId: string): Promise<void> {
  const vault = await accountVault(world, accountId);
  const now = world.clock.now();
  await world.db.asAccount(accountId, async (tx) => {
    await lockAlerting(tx);
    const { fromSealed, maxPerHour } = await readSettingsRow(tx);
    // Without a sender alerts show in the console only, and are not made up for later.
    if (fromSealed === null) {
      await takeWaiting(tx);
      await dropHeld(tx);
      return;
    }
    await addressWaiting(tx, await readDirectory(tx, vault));
    for (const { userId, alertIds } of await listHeld(tx)) await planPerson(tx, userId, alertIds, maxPerHour, now);
  });
}

async function addressWaiting(tx: Tx, people: readonly DirectoryPerson[]): Promise<void> {
  const active = people.filter((one) => one.isActive);
  for (const alert of await takeWaiting(tx)) await insertNotices(tx, alert.id, whomToTell(alert, active));
}

async function planPerson(
  tx: Tx,
  userId: string,
  alertIds: readonly string[],
  maxPerHour: number,
  at: Date,
): Promise<void> {
  const earlier = await listMailsSince(tx, userId, new Date(at.getTime() - hourMs));
  const { singles, summary } = planMails(alertIds, earlier, maxPerHour, at);
  for (const alertId of singles)
    await insertMail(tx, { id: newId(at), userId, isSummary: false, at, alertIds: [alertId] });
  if (summary.length > 0) await insertMail(tx, { id: newId(at), userId, isSummary: true, at, alertIds: summary });
}
