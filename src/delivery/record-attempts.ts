/**
 * Records what attempts came to, many in one transaction: the attempt, the queue, the event, the recipient's state. An
 * attempt that could not be recorded yet is kept and tried again: forgetting it would send the message twice.
 */
import { accountVault } from '../accounts/index.ts';
import type { RetryPolicy } from '../core/delivery/backoff.ts';
import { type Outcome, outcomeOf } from '../core/delivery/outcome.ts';
import { reasons, type Why } from '../core/delivery/reasons.ts';
import { saysGone } from '../core/returns/gone.ts';
import { type DeliveryOutcome, holdMessages, recordDeliveries } from '../events/index.ts';
import type { Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import { sealForMessage } from '../platform/message-seal.ts';
import { nullWhenBroken } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { noteGone } from '../suppressions/index.ts';
import { rejudgeRecipients } from '../tracking/index.ts';
import type { Attempt } from './deliver-message.ts';
import {
  type AttemptRow,
  type Claimed,
  finishDeliveries,
  insertAttempts,
  type Postponement,
  postponeDeliveries,
} from './store.ts';
import { sealEvidence } from './stored-evidence.ts';

/** What is to be recorded: an attempt, or that none was made and why. */
export type Ending =
  | { readonly kind: 'attempt'; readonly attempt: Attempt; readonly outcome: Outcome }
  /** Erased while it waited; or, with a reason, kept from its address. */
  | { readonly kind: 'drop'; readonly claimed: Claimed; readonly at: Date; readonly why?: string }
  /** Cannot be read; people must look. */
  | { readonly kind: 'hold'; readonly claimed: Claimed; readonly at: Date }
  /** Given back untried, as at shutdown. */
  | { readonly kind: 'release'; readonly claimed: Claimed; readonly at: Date };

export type AttemptEnding = Extract<Ending, { kind: 'attempt' }>;

export const claimedOf = (ending: Ending): Claimed =>
  ending.kind === 'attempt' ? ending.attempt.claimed : ending.claimed;

export function endingOf(attempt: Attempt, policy: RetryPolicy, chance: number): AttemptEnding {
  const { claimed, end, at } = attempt;
  const ageMs = at.getTime() - claimed.firstDueAt.getTime();
  return {
    kind: 'attempt',
    attempt,
    outcome: outcomeOf(end, { attempts: claimed.attempts + 1, ageMs, chance }, policy),
  };
}

/** All of one account, in one transaction. */
export async function recordEndings(
  world: Pick<World, 'db' | 'vault' | 'clock'>,
  accountId: string,
  endings: readonly Ending[],
): Promise<void> {
  const vault = await accountVault(world, accountId).catch(nullWhenBroken);
  if (vault === null) return postponeUnread(world, accountId, endings);
  await world.db.asAccount(accountId, async (tx: Tx) => {
    const told = await withoutErasedReplies(tx, accountId, endings);
    const news = told.flatMap(deliveryOutcomes);
    await insertAttempts(tx, told.flatMap(attemptRows));
    await finishDeliveries(
      tx,
      endings.filter(isFinal).map((ending) => claimedOf(ending).recipientId),
    );
    await postponeDeliveries(tx, endings.flatMap(postponements));
    if (news.length === 0) return;
    const { hitBefore } = await recordDeliveries(tx, { accountId, vault }, news);
    await noteGone(tx, vault, told.flatMap(gone));
    // Gateways fetch links before they answer for the message: those hits are judged with the delivery now known.
    if (hitBefore.length > 0) await rejudgeRecipients(tx, { accountId, vault }, hitBefore, world.clock.now());
  });
}

/** Whom the next hop says there is not. */
function gone(ending: Ending): { recipientId: string; at: Date }[] {
  if (ending.kind !== 'attempt' || ending.outcome.kind !== 'bounce') return [];
  const { end, reply, claimed, at } = ending.attempt;
  if (end.kind !== 'refused' || reply === null) return [];
  const says = saysGone({ stage: end.stage, code: reply.code, reply: reply.text });
  return says ? [{ recipientId: claimed.recipientId, at }] : [];
}

/** A server's answer and its name tell of people: of a message that was erased while it was sent, the code alone is kept. */
async function withoutErasedReplies(tx: Tx, accountId: string, endings: readonly Ending[]): Promise<Ending[]> {
  const answered = endings.filter(isTelling);
  const held = await holdMessages(
    tx,
    accountId,
    answered.map((ending) => claimedOf(ending).messageId),
  );
  return endings.map((ending) => {
    if (!isTelling(ending)) return ending;
    if (!held.get(ending.attempt.claimed.messageId)?.isErased) return ending;
    const { reply } = ending.attempt;
    const codeAlone = reply === null ? null : { ...reply, text: '' };
    return { ...ending, attempt: { ...ending.attempt, host: null, evidence: null, sealer: null, reply: codeAlone } };
  });
}

const isTelling = (ending: Ending): ending is Extract<Ending, { kind: 'attempt' }> =>
  ending.kind === 'attempt' && (ending.attempt.reply !== null || ending.attempt.evidence !== null);

/** An account whose own key does not open: nothing of its mail was read, and its news could not be sealed. */
function postponeUnread(world: Pick<World, 'db'>, accountId: string, endings: readonly Ending[]): Promise<void> {
  return world.db.asAccount(accountId, (tx) => postponeDeliveries(tx, endings.flatMap(postponements)));
}

const isFinal = (ending: Ending): boolean =>
  ending.kind === 'drop' || (ending.kind === 'attempt' && ending.outcome.kind !== 'retry');

const outcomeNames = { delivered: 'delivered', retry: 'deferred', bounce: 'bounced' } as const;

function attemptRows(ending: Ending): AttemptRow[] {
  if (ending.kind !== 'attempt') return [];
  const { attempt, outcome } = ending;
  const { sealer, evidence, reply } = attempt;
  const row: AttemptRow = {
    id: newId(attempt.at),
    messageId: attempt.claimed.messageId,
    recipientId: attempt.claimed.recipientId,
    at: attempt.at,
    outcome: outcomeNames[outcome.kind],
    why: outcome.why,
    replyCode: reply?.code ?? null,
    tls: attempt.tls,
    evidenceSealed:
      evidence === null || sealer === null ? null : sealEvidence(sealer, { ...evidence, host: attempt.host }),
    replySealed: reply?.text && sealer !== null ? sealForMessage(sealer, 'attempt.reply', reply.text) : null,
  };
  return [row];
}

function postponements(ending: Ending): Postponement[] {
  const { recipientId, attempts } = claimedOf(ending);
  if (ending.kind === 'hold') return [{ recipientId, attempts, dueAt: ending.at, heldBecause: 'content.unreadable' }];
  if (ending.kind === 'release') return [{ recipientId, attempts, dueAt: ending.at, heldBecause: null }];
  if (ending.kind !== 'attempt' || ending.outcome.kind !== 'retry') return [];
  const dueAt = new Date(ending.attempt.at.getTime() + ending.outcome.afterMs);
  return [{ recipientId, attempts: attempts + 1, dueAt, heldBecause: null }];
}

function deliveryOutcomes(ending: Ending): DeliveryOutcome[] {
  const { recipientId } = claimedOf(ending);
  if (ending.kind === 'release') return [];
  if (ending.kind === 'drop') return [{ recipientId, kind: 'dropped', at: ending.at, detail: dropDetail(ending.why) }];
  if (ending.kind === 'hold')
    return [{ recipientId, kind: 'deferred', at: ending.at, detail: ownDetail('content.unreadable') }];
  const { attempt, outcome } = ending;
  const detail = { host: attempt.host, reply: attempt.reply?.text || null, why: reasons[outcome.why] };
  const gateway = attempt.gateway === null ? {} : { gatewayMx: attempt.gateway };
  const via = outcome.kind === 'delivered' && attempt.via !== null ? { via: attempt.via } : {};
  const { at, sealer } = attempt;
  return [{ recipientId, kind: outcomeNames[outcome.kind], at, detail, sealer, ...gateway, ...via }];
}

const dropDetail = (why: string | undefined) =>
  why === undefined ? ownDetail('erased') : { host: null, reply: null, why };

const ownDetail = (why: Why) => ({ host: null, reply: null, why: reasons[why] });
