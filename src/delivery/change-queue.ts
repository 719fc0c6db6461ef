/**
 * Holds mail back, lets it go, takes it out or has it tried again, by hand. In parts, each a transaction with its audit
 * entry, so that a million recipients block nobody. What is just being sent is left alone.
 */
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import type { QueueSelection } from '../contract/queue.ts';
import { reasons } from '../core/delivery/reasons.ts';
import { comparableAddress, domainOf } from '../core/message/index.ts';
import { type AccountKeys, dimensionIds, recordDeliveries } from '../events/index.ts';
import type { Tx } from '../platform/database.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import {
  campaignsOf,
  cancelPart,
  holdPart,
  liftHolds,
  type Part,
  placeHolds,
  releasePart,
  retryPart,
  type Selected,
} from './queue-store.ts';

export interface QueueChanged {
  readonly recipients: number;
  /** There are more: ask again. */
  readonly isMore: boolean;
}

type Action = 'queue.held' | 'queue.released' | 'queue.cancelled' | 'queue.retried';
type Change = (world: World, caller: Caller, selection: QueueSelection) => Promise<QueueChanged>;

const partSize = 1_000;
const partsAtMost = 50;

const isStanding = ({ by }: Selected): boolean => by === 'destination' || by === 'campaign';

/** Of a destination or campaign all is held that comes to its turn, so that nothing must be written to each row now. */
export const holdQueue: Change = (world, caller, selection) =>
  inParts(world, caller, selection, 'queue.held', async (tx, selected, now, limit) => {
    if (!isStanding(selected)) return holdPart(tx, selected, now, limit);
    await placeHolds(tx, selected, now);
    return { recipientIds: [], isMore: false };
  });

export const releaseQueue: Change = (world, caller, selection) =>
  inParts(world, caller, selection, 'queue.released', async (tx, selected, now, limit) => {
    if (isStanding(selected)) await liftHolds(tx, selected);
    return releasePart(tx, selected, now, limit);
  });

export const retryQueue: Change = (world, caller, selection) =>
  inParts(world, caller, selection, 'queue.retried', retryPart);

export const cancelQueue: Change = async (world, caller, selection) => {
  const keys = { accountId: caller.accountId, vault: await accountVault(world, caller.accountId) };
  return inParts(world, caller, selection, 'queue.cancelled', async (tx, selected, now, limit) => {
    const cancelled = await cancelPart(tx, selected, now, limit);
    await tellDropped(tx, keys, cancelled.recipientIds, now);
    return cancelled;
  });
};

async function tellDropped(tx: Tx, keys: AccountKeys, recipientIds: readonly string[], at: Date): Promise<void> {
  if (recipientIds.length === 0) return;
  const detail = { host: null, reply: null, why: reasons.cancelled };
  await recordDeliveries(
    tx,
    keys,
    recipientIds.map((recipientId) => ({ recipientId, kind: 'dropped' as const, at, detail })),
  );
}

async function inParts(
  world: World,
  caller: Caller,
  selection: QueueSelection,
  action: Action,
  part: Part,
): Promise<QueueChanged> {
  const selected = await select(world, caller, selection);
  let recipients = 0;
  for (let n = 0; n < partsAtMost; n += 1) {
    const changed = await world.db.asAccount(caller, async (tx) => {
      const at = world.clock.now();
      const { recipientIds, isMore } = await part(tx, selected, at, partSize);
      const count = recipientIds.length;
      if (count > 0 || n === 0) await record(tx, entry(caller, action, selected, count, at));
      return { count, isMore };
    });
    recipients += changed.count;
    if (!changed.isMore) return { recipients, isMore: false };
  }
  return { recipients, isMore: true };
}

const entry = ({ actor }: Caller, action: Action, selected: Selected, recipients: number, at: Date) => ({
  at,
  actor,
  action,
  object: { kind: 'queue' as const, id: objectId(selected) },
  detail: { by: selected.by, recipients },
});

/** A domain or campaign is named by its number: its name may tell of people. */
function objectId(selected: Selected): string {
  if (selected.by === 'message') return selected.messageId;
  if (selected.by === 'recipient') return selected.recipientId;
  return String(selected.by === 'destination' ? selected.domainId : (selected.campaignIds[0] ?? 0));
}

async function select(world: World, { accountId }: Caller, selection: QueueSelection): Promise<Selected> {
  if ('messageId' in selection) return { by: 'message', messageId: selection.messageId };
  if ('recipientId' in selection) return { by: 'recipient', recipientId: selection.recipientId };
  const keys = { accountId, vault: await accountVault(world, accountId) };
  if ('destination' in selection) {
    const value = domainOf(comparableAddress(`any@${selection.destination}`));
    const [domainId = 0] = await dimensionIds(world.db, keys, [{ kind: 'domain', value }]);
    return { by: 'destination', domainId };
  }
  const [baseId = 0] = await dimensionIds(world.db, keys, [{ kind: 'campaign', value: selection.campaign }]);
  const campaignIds = await world.db.readAccount(accountId, (tx) => campaignsOf(tx, baseId));
  return { by: 'campaign', campaignIds };
}
