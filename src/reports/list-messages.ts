/** Messages, newest first, with the counts that the account's own setting gives. */
import { accountVault, readSettings } from '../accounts/index.ts';
import { record, shownUnderEmergency } from '../audit/index.ts';
import { humanBits } from '../core/report/view.ts';
import type { Tx } from '../platform/database.ts';
import type { Caller } from '../platform/route.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { cursorsOf, pageOf } from './cursor.ts';
import { campaignsOf, departmentsOf, namesOf } from './dimension-names.ts';
import { listMessageRows, type MessageListRow } from './message-store.ts';
import { messageSealer, openHeader } from './open-message.ts';

export interface MessageListQuery {
  readonly campaign?: string | undefined;
  readonly departmentId?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export async function listAccountMessages(
  world: Pick<World, 'db' | 'vault' | 'clock'>,
  caller: Caller,
  query: MessageListQuery,
) {
  const { accountId, actor } = caller;
  const vault = await accountVault(world, accountId);
  const cursors = cursorsOf(world.vault, accountId, `messages ${query.departmentId ?? ''} ${query.campaign ?? ''}`);
  const after = cursors.read(query.cursor);
  const answer = await world.db.readAccount(caller, async (tx) => {
    const { view, suppressAutomatedEvents } = await readSettings(tx);
    const keys = { accountId, vault };
    const departments = await departmentsOf(tx, caller, query.departmentId);
    const campaigns =
      query.campaign === undefined ? undefined : await campaignsOf(tx, keys, query.campaign, departments);
    const chosen = { accountId, campaigns, departments };
    const question = { ...chosen, humanBits: humanBits(view), after, rows: query.limit + 1 };
    const rows = await listMessageRows(tx, question);
    const { shown, next } = pageOf(rows, query.limit, cursors, ({ acceptedAt, id }) => ({ at: acceptedAt, id }));
    return { messages: await summariesOf(tx, accountId, vault, shown, suppressAutomatedEvents), nextCursor: next };
  });
  await world.db.asAccount(accountId, (tx) =>
    record(tx, {
      at: world.clock.now(),
      actor,
      action: 'messages.listed',
      object: { kind: 'messages' },
      detail: {
        messages: answer.messages.length,
        ...shownUnderEmergency(actor, { messageIds: answer.messages.map(({ id }) => id) }),
      },
    }),
  );
  return answer;
}

async function summariesOf(
  tx: Tx,
  accountId: string,
  vault: AccountVault,
  rows: readonly MessageListRow[],
  isSuppressed: boolean,
) {
  const campaigns = await namesOf(
    tx,
    { accountId, vault },
    rows.map((row) => row.campaignId),
  );
  return rows.map((row) => {
    const { subject, from } = openHeader(messageSealer(vault, row.keySealed), row);
    return {
      id: row.id,
      erased: row.keySealed === null,
      departmentId: row.departmentId,
      campaign: campaigns.get(row.campaignId) ?? null,
      subject,
      from,
      acceptedAt: row.acceptedAt.toISOString(),
      recipients: row.recipients,
      delivered: row.delivered,
      opened: isSuppressed ? row.openedByPeople : row.opened,
      clicked: isSuppressed ? row.clickedByPeople : row.clicked,
    };
  });
}
