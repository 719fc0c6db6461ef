/** Has the DNS of a sender domain looked at now: shows whose it is, takes keys into use once they are seen, keeps what was seen. */
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import type { Sender } from '../contract/senders.ts';
import { setupRecords } from '../core/senders/setup.ts';
import type { Tx } from '../platform/database.ts';
import type { LookUp } from '../platform/look-up.ts';
import type { Actor } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { load, lockedRow } from './change-senders.ts';
import { lookAtDomain } from './look-at-domain.ts';
import { hereOf, keptRetiredMs, keysSeen, planOf, type SenderNeeds, senderOf } from './sender.ts';
import { forgetSenders } from './signers.ts';
import { deleteRetiredKeys, listKeyRows, markVerified, type SenderRow, takeIntoUse, updateReport } from './store.ts';

export interface LookingNeeds extends SenderNeeds {
  readonly dns: LookUp;
}

type Looker = { readonly accountId: string; readonly actor: Actor };

export async function verifySender(world: World, needs: LookingNeeds, caller: Looker, text: string): Promise<Sender> {
  const before = await world.db.readAccount(caller.accountId, (tx) => load(tx, text));
  const here = await hereOf(needs);
  const plan = planOf(before.row, before.keys, here);
  const { seen } = await lookAtDomain(needs.dns, plan);
  const report = setupRecords(plan, seen);
  const after = await world.db.asAccount(caller.accountId, async (tx) => {
    const row = await lockedRow(tx, before.row);
    const isClaimed = await keepReport(world, tx, caller, row, report);
    return { isClaimed, ...(await load(tx, row.domain)) };
  });
  forgetSenders(world, caller.accountId);
  if (after.isClaimed) throw new Problem('sender_domain.claimed');
  return senderOf(after.row, after.keys, here);
}

/** True: another account has the domain. */
async function keepReport(
  { clock }: World,
  tx: Tx,
  { actor }: Looker,
  row: SenderRow,
  report: Sender['records'],
): Promise<boolean> {
  const now = clock.now();
  await updateReport(tx, row.id, report, now);
  const isOwned = report.some(({ purpose, state }) => purpose === 'ownership' && state === 'right');
  const isNew = isOwned && row.verifiedAt === null;
  const isClaimed = isNew && !(await markVerified(tx, row.id, now));
  const keys = await listKeyRows(tx, row.id);
  const fresh = keysSeen(row, keys, report).filter(({ seenAt }) => seenAt === null);
  for (const key of fresh) await takeIntoUse(tx, key, now);
  await deleteRetiredKeys(tx, row.id, new Date(now.getTime() - keptRetiredMs));
  const detail = { verified: isOwned && !isClaimed, keysTaken: fresh.length };
  const object = { kind: 'sender-domain', id: row.id } as const;
  const isNews = actor.kind !== 'system' || isNew || fresh.length > 0;
  if (isNews) await record(tx, { at: now, actor, action: 'sender_domain.looked_at', object, detail });
  return isClaimed;
}
