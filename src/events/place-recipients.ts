/**
 * Moves recipients to another place in the roll-ups, when who told of them turns out to have told late: an earlier
 * acceptance, a link that nobody knew. Whatever is counted of them moves along exactly.
 */
import { CellLedger, recipientCells, recipientCounts } from '../core/report/cells.ts';
import { dayOf, startOfDay } from '../core/report/days.ts';
import { maskOf } from '../core/report/kinds.ts';
import type { Tx } from '../platform/database.ts';
import { findDimensions, insertDimensions } from './dimension-store.ts';
import { dimensionIndex, loadLinkSets } from './dimensions.ts';
import type { AccountKeys, LockedRecipient, LockedRecipients } from './event.ts';
import { type PlaceMove, placeStates } from './place-store.ts';
import { insertDeltas } from './state-store.ts';

export interface ToldPlace {
  readonly recipientId: string;
  /** The earliest moment at which the recipient is known to have been accepted. */
  readonly acceptedAt: Date;
  /** Links of the recipient's copy that were not known before, in the order of the indexes they get. */
  readonly newLinkIds: readonly number[];
}

/** Where the recipients stand now; those that did not move are absent. */
export async function placeRecipients(
  tx: Tx,
  account: AccountKeys,
  recipients: LockedRecipients,
  timeZone: string,
  told: readonly ToldPlace[],
): Promise<ReadonlyMap<string, PlaceMove>> {
  const setIds = await linkSetsOf(tx, account, recipients, told);
  const moves = told.flatMap(({ recipientId, acceptedAt }) => {
    const recipient = lockedOf(recipients, recipientId);
    const linkSetId = setIds.get(recipientId) ?? recipient.linkSetId;
    const move = { recipientId, linkSetId, ...acceptanceOf(recipient, acceptedAt, timeZone) };
    return isMoved(recipient, move) ? [{ recipient, move }] : [];
  });
  if (moves.length === 0) return new Map();
  await placeStates(
    tx,
    account.accountId,
    moves.map(({ move }) => move),
  );
  const ledger = new CellLedger();
  for (const { recipient, move } of moves) moveCells(ledger, recipient, move);
  const deltas = ledger.deltas();
  if (deltas.length > 0) await insertDeltas(tx, account.accountId, deltas);
  return new Map(moves.map(({ move }) => [move.recipientId, move]));
}

const hasHits = ({ opens, clicks }: LockedRecipient): boolean => [...opens, ...clicks].some((count) => count > 0);

/** Hits are counted by the day of acceptance too: a recipient who has some keeps the day, and moves within it only. */
function acceptanceOf(recipient: LockedRecipient, told: Date, timeZone: string) {
  const { acceptedAt, acceptedDay } = recipient;
  if (told >= acceptedAt) return { acceptedAt, acceptedDay };
  const day = dayOf(timeZone, told);
  if (day === acceptedDay || !hasHits(recipient)) return { acceptedAt: told, acceptedDay: day };
  const startMs = startOfDay(timeZone, acceptedDay).getTime();
  return { acceptedAt: new Date(Math.min(startMs, acceptedAt.getTime())), acceptedDay };
}

const isMoved = (was: LockedRecipient, is: PlaceMove): boolean =>
  was.acceptedAt.getTime() !== is.acceptedAt.getTime() ||
  was.acceptedDay !== is.acceptedDay ||
  was.linkSetId !== is.linkSetId;

function moveCells(ledger: CellLedger, recipient: LockedRecipient, move: PlaceMove): void {
  const { status, opens, clicks, ...others } = recipient;
  const counts = recipientCounts({ status, opens: maskOf(opens), clicks: maskOf(clicks), ...others });
  for (const cell of recipientCells(recipient)) ledger.add(cell, counts, -1);
  for (const cell of recipientCells({ ...recipient, ...move })) ledger.add(cell, counts, 1);
}

/** The link sets of recipients who get more links. A set is made in this transaction, which may yet be rolled back. */
async function linkSetsOf(
  tx: Tx,
  account: AccountKeys,
  recipients: LockedRecipients,
  told: readonly ToldPlace[],
): Promise<ReadonlyMap<string, number>> {
  const growing = told.filter(({ newLinkIds }) => newLinkIds.length > 0);
  if (growing.length === 0) return new Map();
  const setOf = (recipientId: string): number => lockedOf(recipients, recipientId).linkSetId;
  const before = await loadLinkSets(
    tx,
    account,
    growing.map(({ recipientId }) => setOf(recipientId)),
  );
  const names = new Map(
    growing.map(({ recipientId, newLinkIds }) => [
      recipientId,
      JSON.stringify([...(before.get(setOf(recipientId)) ?? []), ...newLinkIds]),
    ]),
  );
  const ids = await findOrMakeSets(tx, account, [...new Set(names.values())]);
  return new Map([...names].map(([recipientId, name]) => [recipientId, ids.get(name) ?? 0]));
}

async function findOrMakeSets(
  tx: Tx,
  { accountId, vault }: AccountKeys,
  names: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const wanted = names.map((name) => ({
    name,
    kind: 'link-set' as const,
    index: dimensionIndex(vault, 'link-set', name),
    sealed: vault.seal('dimension.value', name),
  }));
  await insertDimensions(tx, accountId, wanted);
  const found = await findDimensions(tx, accountId, wanted);
  const ids = new Map(found.map(({ id, index }) => [index.toString('hex'), id]));
  return new Map(wanted.map(({ name, index }) => [name, ids.get(index.toString('hex')) ?? 0]));
}

function lockedOf(recipients: LockedRecipients, recipientId: string): LockedRecipient {
  const recipient = recipients.get(recipientId);
  if (recipient === undefined) throw new Error('a recipient is used without its lock');
  return recipient;
}
