/**
 * Judged hits become events with verdicts; earlier verdicts are revised, each flip with a record; recipient states, link
 * states and roll-ups move by exactly the difference. It judges nothing. Several thousand hits a second go through
 * here, so everything is counted in memory, under the lock of the recipients, and written a table at a time.
 */

import {
  anonymousCell,
  type CellCounts,
  CellLedger,
  estimateCells,
  estimateCounts,
  eventCounts,
  judgedHitCounts,
  linkCell,
  linkCounts,
  quarterCell,
  recipientCells,
  recipientCounts,
  rulesetCell,
  type Standing,
} from '../core/report/cells.ts';
import { bitOf, countHit, type HitKind, type KindCounts, maskOf, noHits } from '../core/report/kinds.ts';
import type { Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import { loadLinkSets } from './dimensions.ts';
import type {
  AccountKeys,
  AnonymousHit,
  Hit,
  HitVerdict,
  JudgedHit,
  LockedRecipient,
  LockedRecipients,
  Revision,
} from './event.ts';
import {
  insertFreshEvents,
  insertVerdictChanges,
  insertVerdicts,
  type NewEvent,
  type NewVerdict,
  replaceVerdicts,
  type VerdictChange,
} from './event-store.ts';
import { differs, isFlip, keptOpinion } from './opinion.ts';
import { rulesetIds } from './ruleset-store.ts';
import { insertDeltas, type LinkMove, loadLinkStates, moveHits, moveLinks } from './state-store.ts';

export interface HitBatch {
  /** From lockRecipients, in the same transaction, of every recipient named below. */
  readonly recipients: LockedRecipients;
  readonly hits: readonly JudgedHit[];
  /** Hits that loadHits gave under this lock, each at most once. */
  readonly revisions: readonly Revision[];
  readonly anonymous: readonly AnonymousHit[];
  readonly recordedAt: Date;
  /** The re-judging that these revisions are of; kept beside each change. */
  readonly runId?: string;
}

export interface RecordedHits {
  /** How many hits were new; one that is stored already changes nothing. */
  readonly stored: number;
  readonly newIds: ReadonlySet<string>;
  /** Flips: each left a record. */
  readonly revised: number;
  /** The same opinion by another ruleset or for other reasons: written, but no change. */
  readonly restated: number;
}

export async function recordHits(tx: Tx, account: AccountKeys, batch: HitBatch): Promise<RecordedHits> {
  const hits = await storeHits(tx, account, batch);
  const revisions = batch.revisions.filter(({ hit, verdict }) => differs(hit.verdict, verdict));
  const flips = revisions.filter(({ hit, verdict }) => isFlip(hit.verdict, verdict));
  await storeRevisions(tx, account.accountId, revisions, flips, batch.runId ?? null);
  const counted = [...hits.map(newCount), ...flips.flatMap(revisedCounts)];
  const ledger = new CellLedger();
  await moveRecipients(tx, account.accountId, batch.recipients, counted, ledger);
  await moveClickedLinks(tx, account, batch.recipients, counted, ledger);
  await moveRulesets(tx, account.accountId, batch.recipients, [hits, revisions], ledger);
  countQuarters(batch.recipients, counted, ledger);
  countAnonymous(batch, ledger);
  const deltas = ledger.deltas();
  if (deltas.length > 0) await insertDeltas(tx, account.accountId, deltas);
  const newIds = new Set(hits.map((hit) => hit.id));
  return { stored: hits.length, newIds, revised: flips.length, restated: revisions.length - flips.length };
}

function countQuarters(recipients: LockedRecipients, counted: readonly Counted[], ledger: CellLedger): void {
  for (const { hit, bit, by } of counted) {
    const { campaignId } = lockedOf(recipients, hit.recipientId);
    ledger.add(quarterCell(campaignId, hit.occurredAt), eventCounts(hit.kind, bit), by);
  }
}

function countAnonymous({ anonymous, recipients }: HitBatch, ledger: CellLedger): void {
  for (const hit of anonymous) {
    const placement = 'recipientId' in hit ? lockedOf(recipients, hit.recipientId) : hit;
    ledger.add(anonymousCell(placement), eventCounts(hit.kind, bitOf(hit.verdict)), 1);
  }
}

/** A hit that counts once more, or once less, as one kind. */
interface Counted {
  readonly hit: Hit;
  readonly bit: number;
  readonly isPrefetch: boolean;
  readonly by: 1 | -1;
}

const countOf = (hit: Hit, verdict: HitVerdict, by: 1 | -1): Counted => ({
  hit,
  bit: bitOf(verdict),
  isPrefetch: hit.kind === 'open' && verdict.unknowable,
  by,
});

const newCount = (hit: JudgedHit): Counted => countOf(hit, hit.verdict, 1);

const revisedCounts = ({ hit, verdict }: Revision): Counted[] => [
  countOf(hit, hit.verdict, -1),
  countOf(hit, verdict, 1),
];

async function storeHits(tx: Tx, account: AccountKeys, { hits, recordedAt }: HitBatch): Promise<JudgedHit[]> {
  if (hits.length === 0) return [];
  const once = [...new Map(hits.map((hit) => [hit.id, hit])).values()];
  const stored = await insertFreshEvents(
    tx,
    account.accountId,
    once.map((hit) => hitEvent(account, hit, recordedAt)),
  );
  const fresh = once.filter((hit) => stored.has(hit.id));
  if (fresh.length > 0)
    await insertVerdicts(
      tx,
      account.accountId,
      fresh.map((hit) => verdictRow(hit, hit.verdict)),
    );
  return fresh;
}

const eventTypes = { open: 'opened', click: 'clicked' } as const satisfies Record<HitKind, string>;

const hitEvent = ({ vault }: AccountKeys, hit: JudgedHit, recordedAt: Date): NewEvent => ({
  id: hit.id,
  occurredAt: hit.occurredAt,
  recordedAt,
  type: eventTypes[hit.kind],
  messageId: hit.messageId,
  recipientId: hit.recipientId,
  linkIndex: hit.linkIndex,
  sourceKey: hit.sourceKey,
  detailSealed: vault.seal('event.detail', JSON.stringify(hit.detail)),
});

const verdictRow = ({ id, occurredAt }: Hit, verdict: HitVerdict): NewVerdict => ({
  eventId: id,
  occurredAt,
  ...verdict,
});

async function storeRevisions(
  tx: Tx,
  accountId: string,
  revisions: readonly Revision[],
  flips: readonly Revision[],
  runId: string | null,
): Promise<void> {
  if (revisions.length === 0) return;
  await replaceVerdicts(
    tx,
    accountId,
    revisions.map(({ hit, verdict }) => verdictRow(hit, verdict)),
  );
  if (flips.length > 0) await insertVerdictChanges(tx, accountId, flips.map(changeOf), runId);
}

const changeOf = ({ hit, verdict }: Revision): VerdictChange => ({
  id: newId(verdict.judgedAt),
  eventId: hit.id,
  occurredAt: hit.occurredAt,
  changedAt: verdict.judgedAt,
  was: keptOpinion(hit.verdict),
  became: keptOpinion(verdict),
});

interface Tally {
  opens: KindCounts;
  clicks: KindCounts;
  prefetches: number;
}

async function moveRecipients(
  tx: Tx,
  accountId: string,
  recipients: LockedRecipients,
  counted: readonly Counted[],
  ledger: CellLedger,
): Promise<void> {
  const tallies = new Map<string, Tally>();
  for (const { hit, bit, isPrefetch, by } of counted) {
    const { opens, clicks, prefetches } = tallies.get(hit.recipientId) ?? lockedOf(recipients, hit.recipientId);
    const moved =
      hit.kind === 'open'
        ? { opens: countHit(opens, bit, by), clicks, prefetches: isPrefetch ? prefetches + by : prefetches }
        : { opens, clicks: countHit(clicks, bit, by), prefetches };
    tallies.set(hit.recipientId, moved);
  }
  if (tallies.size === 0) return;
  for (const { recipient, before, after, times } of alike(recipients, tallies)) {
    for (const cell of recipientCells(recipient)) ledger.move(cell, before.seen, after.seen, times);
    if (before.estimate === after.estimate) continue;
    for (const cell of estimateCells(recipient)) ledger.move(cell, before.estimate, after.estimate, times);
  }
  await moveHits(
    tx,
    accountId,
    [...tallies].map(([recipientId, tally]) => ({ recipientId, ...tally })),
  );
}

/** As what a recipient counts in its own cells, and in those of the estimate. */
interface StandingCounts {
  readonly seen: CellCounts;
  readonly estimate: CellCounts;
}

const standingCounts = (standing: Standing, isPrefetched: boolean): StandingCounts => ({
  seen: recipientCounts(standing),
  estimate: estimateCounts(standing, isPrefetched),
});

interface AlikeMoves {
  readonly recipient: LockedRecipient;
  readonly before: StandingCounts;
  readonly after: StandingCounts;
  times: number;
}

/** Most of a batch opens for the first time in the same cells: those are added up before each cell is looked for. */
function alike(recipients: LockedRecipients, tallies: ReadonlyMap<string, Tally>): Iterable<AlikeMoves> {
  const moves = new Map<string, AlikeMoves>();
  for (const [recipientId, tally] of tallies) {
    const recipient = lockedOf(recipients, recipientId);
    const { status, acceptedDay, campaignId, senderId, domainId, linkSetId } = recipient;
    const was = { status, opens: maskOf(recipient.opens), clicks: maskOf(recipient.clicks) };
    const is = { status, opens: maskOf(tally.opens), clicks: maskOf(tally.clicks) };
    const place = `${acceptedDay} ${campaignId} ${senderId} ${domainId} ${linkSetId} ${status}`;
    const [wasPrefetched, isPrefetched] = [recipient.prefetches > 0, tally.prefetches > 0];
    const name = `${place} ${was.opens} ${was.clicks} ${wasPrefetched} ${is.opens} ${is.clicks} ${isPrefetched}`;
    const known = moves.get(name);
    if (known !== undefined) known.times++;
    else {
      const [before, after] = [standingCounts(was, wasPrefetched), standingCounts(is, isPrefetched)];
      moves.set(name, { recipient, before, after, times: 1 });
    }
  }
  return moves.values();
}

async function moveClickedLinks(
  tx: Tx,
  account: AccountKeys,
  recipients: LockedRecipients,
  counted: readonly Counted[],
  ledger: CellLedger,
): Promise<void> {
  const clicks = counted.filter(({ hit }) => hit.kind === 'click' && hit.linkIndex !== null);
  if (clicks.length === 0) return;
  const clickers = [...new Set(clicks.map(({ hit }) => hit.recipientId))];
  const sets = await loadLinkSets(
    tx,
    account,
    clickers.map((id) => lockedOf(recipients, id).linkSetId),
  );
  const known = await loadLinkStates(tx, account.accountId, clickers);
  const before = new Map(known.map((state) => [linkName(state.recipientId, state.linkId), state.clicks]));
  const moves = linkMoves(recipients, sets, clicks, before);
  if (moves.length === 0) return;
  for (const move of moves) {
    const was = before.get(linkName(move.recipientId, move.linkId)) ?? noHits;
    ledger.move(linkCell(move, move.linkId), linkCounts(maskOf(was)), linkCounts(maskOf(move.clicks)));
  }
  await moveLinks(tx, account.accountId, moves);
}

const linkName = (recipientId: string, linkId: number): string => `${recipientId} ${linkId}`;

function linkMoves(
  recipients: LockedRecipients,
  sets: ReadonlyMap<number, readonly number[]>,
  clicks: readonly Counted[],
  before: ReadonlyMap<string, KindCounts>,
): LinkMove[] {
  const moves = new Map<string, LinkMove>();
  for (const { hit, bit, by } of clicks) {
    const recipient = lockedOf(recipients, hit.recipientId);
    const linkId = sets.get(recipient.linkSetId)?.[hit.linkIndex ?? -1];
    if (linkId === undefined) continue; // a forged index: the click counts, for no link
    const name = linkName(hit.recipientId, linkId);
    const counts = moves.get(name)?.clicks ?? before.get(name) ?? noHits;
    const { recipientId, acceptedAt, acceptedDay, campaignId } = recipient;
    moves.set(name, { recipientId, linkId, acceptedAt, acceptedDay, campaignId, clicks: countHit(counts, bit, by) });
  }
  return [...moves.values()];
}

/** Which rulesets the verdicts are of: one look at their numbers a batch. */
async function moveRulesets(
  tx: Tx,
  accountId: string,
  recipients: LockedRecipients,
  [hits, revisions]: readonly [readonly JudgedHit[], readonly Revision[]],
  ledger: CellLedger,
): Promise<void> {
  const moved = revisions.filter(({ hit, verdict }) => hit.verdict.ruleset !== verdict.ruleset);
  const judged = [
    ...hits.map((hit) => ({ hit, ruleset: hit.verdict.ruleset, by: 1 })),
    ...moved.map(({ hit }) => ({ hit, ruleset: hit.verdict.ruleset, by: -1 })),
    ...moved.map(({ hit, verdict }) => ({ hit, ruleset: verdict.ruleset, by: 1 })),
  ];
  if (judged.length === 0) return;
  const ids = await rulesetIds(tx, accountId, new Set(judged.map(({ ruleset }) => ruleset)));
  for (const { hit, ruleset, by } of judged)
    ledger.add(rulesetCell(lockedOf(recipients, hit.recipientId), ids.get(ruleset) ?? 0), judgedHitCounts, by);
}

function lockedOf(recipients: LockedRecipients, recipientId: string): LockedRecipient {
  const recipient = recipients.get(recipientId);
  if (recipient === undefined) throw new Error('a recipient is used without its lock');
  return recipient;
}
