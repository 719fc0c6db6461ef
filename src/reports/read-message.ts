/** One message and where each of its recipients stands, as the account's own setting tells it. */
import { accountVault, readSettings } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import { automatedEvents, counts, whoSaw } from '../core/report/view.ts';
import { openHost } from '../events/index.ts';
import type { Tx } from '../platform/database.ts';
import type { Caller } from '../platform/route.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { type Cursors, cursorsOf, pageOf } from './cursor.ts';
import { namesOf } from './dimension-names.ts';
import { findMessage, isOnHold, listRecipients } from './message-store.ts';
import { messageSealer, openAddress, openHeader } from './open-message.ts';

interface RecipientPage {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export async function readOneMessage(
  world: Pick<World, 'db' | 'vault' | 'clock'>,
  caller: Caller,
  id: string,
  page: RecipientPage,
) {
  const { accountId, actor } = caller;
  const vault = await accountVault(world, accountId);
  const cursors = cursorsOf(world.vault, accountId, `recipients ${id}`);
  const message = await world.db.readAccount(caller, (tx) => messageOf(tx, caller, vault, { id, page, cursors }));
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

async function messageOf(
  tx: Tx,
  caller: Caller,
  vault: AccountVault,
  { id, page, cursors }: { id: string; page: RecipientPage; cursors: Cursors },
) {
  const { accountId } = caller;
  const row = await findMessage(tx, caller, id);
  if (row === undefined) throw new Problem('message.not_found');
  const { view, suppressAutomatedEvents } = await readSettings(tx);
  const automated = automatedEvents('account', suppressAutomatedEvents);
  const after = cursors.read(page.cursor)?.at.getTime() ?? -1;
  const found = await listRecipients(tx, accountId, id, { after, rows: page.limit + 1 });
  // A recipient's place is its position in the message.
  const { shown, next } = pageOf(found, page.limit, cursors, (one) => ({ at: new Date(one.position), id: one.id }));
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
    recipients: shown.map(({ position: _position, opens, clicks, ...row }) => {
      const { addressSealed, deliveredBySealed, gatewayMxSealed, ...recipient } = row;
      const seen = whoSaw({ opens, clicks }, view);
      return {
        ...recipient,
        email: openAddress(sealer, addressSealed),
        deliveredBy: openHost(sealer, deliveredBySealed) ?? recipient.deliveredBy,
        gatewayMx: openHost(sealer, gatewayMxSealed) ?? recipient.gatewayMx,
        deliveredAt: recipient.deliveredAt?.toISOString() ?? null,
        opened: counts(seen.opened, automated),
        clicked: counts(seen.clicked, automated),
      };
    }),
    ...(next === null ? {} : { nextCursor: next }),
  };
}
