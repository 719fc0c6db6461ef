/** One message and where each of its recipients stands, as the account's own setting tells it. */
import { accountVault, readSettings } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import { automatedEvents, counts, whoSaw } from '../core/report/view.ts';
import type { Tx } from '../platform/database.ts';
import type { Caller } from '../platform/route.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { namesOf } from './dimension-names.ts';
import { findMessage, isOnHold, listRecipients } from './message-store.ts';
import { messageSealer, openAddress, openHeader } from './open-message.ts';

export async function readOneMessage(world: Pick<World, 'db' | 'vault' | 'clock'>, caller: Caller, id: string) {
  const { accountId, actor } = caller;
  const vault = await accountVault(world, accountId);
  const message = await world.db.readAccount(caller, (tx) => messageOf(tx, caller, vault, id));
  await world.db.asAccount(accountId, (tx) =>
    record(tx, {
      at: world.clock.now(),
      actor,
      action: 'message.read',
      object: { kind: 'message', id },
      detail: { what: 'message' },
    }),
  );
  return message;
}

async function messageOf(tx: Tx, caller: Caller, vault: AccountVault, id: string) {
  const { accountId } = caller;
  const row = await findMessage(tx, caller, id);
  if (row === undefined) throw new Problem('message.not_found');
  const { view, suppressAutomatedEvents } = await readSettings(tx);
  const automated = automatedEvents('account', suppressAutomatedEvents);
  const recipients = await listRecipients(tx, accountId, id);
  const campaigns = await namesOf(tx, { accountId, vault }, [row.campaignId]);
  const sealer = messageSealer(vault, row.keySealed);
  const { subject, from, tags } = openHeader(sealer, row);
  return {
    id: row.id,
    erased: row.keySealed === null,
    departmentId: row.departmentId,
    onHold: await isOnHold(tx, accountId, id),
    campaign: campaigns.get(row.campaignId) ?? null,
    subject,
    from,
    tags: [...tags],
    acceptedAt: row.acceptedAt.toISOString(),
    recipients: recipients.map(({ addressSealed, opens, clicks, deliveredAt, ...recipient }) => {
      const seen = whoSaw({ opens, clicks }, view);
      return {
        ...recipient,
        email: openAddress(sealer, addressSealed),
        deliveredAt: deliveredAt?.toISOString() ?? null,
        opened: counts(seen.opened, automated),
        clicked: counts(seen.clicked, automated),
      };
    }),
  };
}
