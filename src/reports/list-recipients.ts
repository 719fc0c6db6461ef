/** The recipients behind a number of a report, newest first, chosen by the same decision that counted them. */
import { accountVault, readSettings } from '../accounts/index.ts';
import { record, shownUnderEmergency } from '../audit/index.ts';
import type { ReportRecipient } from '../contract/reports.ts';
import type { RecipientStatus, View } from '../contract/values.ts';
import { humanBits, whoSaw } from '../core/report/view.ts';
import type { AccountKeys } from '../events/index.ts';
import type { Tx } from '../platform/database.ts';
import type { Caller } from '../platform/route.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { askedBounds } from './asked-bounds.ts';
import { cursorsOf, pageOf } from './cursor.ts';
import { campaignsOf, departmentsOf, namesOf, numberOf } from './dimension-names.ts';
import { listReportRecipientRows, type ReportRecipientRow, type SeenFilter } from './message-store.ts';
import { messageSealer, openAddress } from './open-message.ts';

export interface RecipientListQuery {
  readonly campaign?: string | undefined;
  readonly departmentId?: string | undefined;
  readonly recipientDomain?: string | undefined;
  readonly status?: RecipientStatus | undefined;
  readonly openedBy?: SeenFilter;
  readonly clickedBy?: SeenFilter;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly view: 'account' | View;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export async function listRecipientsOfReport(
  world: Pick<World, 'db' | 'vault' | 'clock'>,
  caller: Caller,
  query: RecipientListQuery,
) {
  const { accountId, actor } = caller;
  const vault = await accountVault(world, accountId);
  const { cursor, limit, ...asked } = query;
  const cursors = cursorsOf(world.vault, accountId, `recipients ${JSON.stringify(asked)}`);
  const after = cursors.read(cursor);
  const answer = await world.db.readAccount(caller, async (tx) => {
    const settings = await readSettings(tx);
    const view = query.view === 'account' ? settings.view : query.view;
    const rows = await listReportRecipientRows(tx, {
      ...(await numbersOf(tx, { accountId, vault }, caller, query)),
      ...askedBounds(settings.timeZone, query),
      accountId,
      status: query.status,
      openedBy: query.openedBy,
      clickedBy: query.clickedBy,
      humanBits: humanBits(view),
      after,
      rows: limit + 1,
    });
    const { shown, next } = pageOf(rows, limit, cursors, ({ acceptedAt, id }) => ({ at: acceptedAt, id }));
    const campaigns = await namesOf(
      tx,
      { accountId, vault },
      shown.map((row) => row.campaignId),
    );
    return { view, recipients: shown.map((row) => recipientOf(row, vault, campaigns, view)), nextCursor: next };
  });
  await world.db.asAccount(accountId, (tx) =>
    record(tx, {
      at: world.clock.now(),
      actor,
      action: 'recipients.listed',
      object: { kind: 'report' },
      detail: { recipients: answer.recipients.length, ...shownUnderEmergency(actor, idsOf(answer.recipients)) },
    }),
  );
  return answer;
}

const idsOf = (recipients: readonly ReportRecipient[]) => ({
  messageIds: [...new Set(recipients.map(({ messageId }) => messageId))],
  recipientIds: recipients.map(({ id }) => id),
});

async function numbersOf(tx: Tx, keys: AccountKeys, caller: Caller, query: RecipientListQuery) {
  const { campaign, departmentId, recipientDomain } = query;
  return {
    campaigns: await campaignsOf(tx, keys, campaign, await departmentsOf(tx, caller, departmentId)),
    domainId: await numberOf(tx, keys, 'domain', recipientDomain?.toLowerCase()),
  };
}

function recipientOf(
  row: ReportRecipientRow,
  vault: AccountVault,
  campaigns: ReadonlyMap<number, string>,
  view: View,
): ReportRecipient {
  const seen = whoSaw(row, view);
  return {
    id: row.id,
    messageId: row.messageId,
    email: openAddress(messageSealer(vault, row.keySealed), row.addressSealed),
    departmentId: row.departmentId,
    campaign: campaigns.get(row.campaignId) ?? null,
    acceptedAt: row.acceptedAt.toISOString(),
    status: row.status,
    deliveredAt: row.deliveredAt?.toISOString() ?? null,
    openedBy: seen.opened,
    clickedBy: seen.clicked,
    opens: row.openCount,
    clicks: row.clickCount,
  };
}
