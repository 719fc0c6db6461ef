/**
 * Stores what was accepted, in one transaction per round: messages, recipients, first events, queue, audit, and the
 * answers of idempotent requests. When it has returned, the rows are on disk; only then may anybody be told.
 */
import { record } from '../audit/index.ts';
import type { MessageClass } from '../core/delivery/message-class.ts';
import { suppressedWords, whySuppressed } from '../core/returns/suppressed-words.ts';
import { enqueue } from '../delivery/index.ts';
import { type AccountKeys, recordAccepted, recordDeliveries } from '../events/index.ts';
import { type Database, DatabaseUnavailable, type Tx } from '../platform/database.ts';
import type { Actor } from '../platform/route.ts';
import type { Suppressed } from '../suppressions/index.ts';
import { gather } from './gather.ts';
import { type AnswerRow, insertMessages, type MessageRow, type RecipientRow, takeIdempotencyKeys } from './store.ts';

export interface QueueableRecipient extends RecipientRow {
  readonly domainId: number;
}

export interface AcceptedDraft extends MessageRow {
  readonly actor: Actor;
  /** The account's: what is told of recipients who get nothing is sealed by it. */
  readonly vault: AccountKeys['vault'];
  /** Settles the report day of its recipients. */
  readonly timeZone: string;
  readonly dueAt: Date;
  readonly messageClass: MessageClass;
  readonly recipients: readonly QueueableRecipient[];
  readonly answer: AnswerRow | null;
}

/** `key-taken`: another request with the same idempotency key was first, and nothing of this one was stored. */
export type StoreOutcome = 'stored' | 'key-taken';
export type StoreMessage = (accountId: string, draft: AcceptedDraft) => Promise<StoreOutcome>;

export const openMessageStore = (db: Database): StoreMessage =>
  gather({
    maxItems: 64,
    maxWeight: 8 * 1024 * 1024,
    maxRounds: 2, // while one waits for the disk, the next is written
    weigh: (draft) => draft.sizeBytes,
    isWorthSplitting: (error) => !(error instanceof DatabaseUnavailable),
    work: (accountId, drafts) => db.asAccount(accountId, (tx) => storeRound(tx, drafts)),
  });

async function storeRound(tx: Tx, drafts: readonly AcceptedDraft[]): Promise<readonly StoreOutcome[]> {
  const first = await firstOfTheirKey(tx, drafts);
  const kept = drafts.filter((draft) => first.has(draft));
  if (kept.length > 0) await storeAll(tx, kept);
  return drafts.map((draft) => (first.has(draft) ? 'stored' : 'key-taken'));
}

async function storeAll(tx: Tx, drafts: readonly AcceptedDraft[]): Promise<void> {
  const suppressed = await insertMessages(tx, drafts, acceptedLast(drafts));
  const dropped = droppedOf(drafts, suppressed);
  await recordAccepted(tx, ...drafts);
  await enqueue(
    tx,
    drafts.flatMap(queueRows).filter(({ recipientId }) => !dropped.has(recipientId)),
  );
  await recordDropped(tx, drafts, dropped);
  await record(tx, ...drafts.map(auditEntry));
}

const acceptedLast = (drafts: readonly AcceptedDraft[]): Date =>
  new Date(Math.max(...drafts.map(({ acceptedAt }) => acceptedAt.getTime())));

/** By recipient: the sentence that says why nothing is sent to them. */
function droppedOf(drafts: readonly AcceptedDraft[], suppressed: readonly Suppressed[]): ReadonlyMap<string, string> {
  if (suppressed.length === 0) return new Map();
  const standings = Map.groupBy(suppressed, ({ addressIndex }) => addressIndex.toString('hex'));
  const dropped = new Map<string, string>();
  for (const draft of drafts)
    for (const { recipientId, addressIndex } of draft.recipients) {
      const reason = whySuppressed(
        standings.get(addressIndex.toString('hex')) ?? [],
        draft.messageClass === 'marketing',
      );
      if (reason !== undefined) dropped.set(recipientId, suppressedWords[reason]);
    }
  return dropped;
}

async function recordDropped(
  tx: Tx,
  drafts: readonly AcceptedDraft[],
  dropped: ReadonlyMap<string, string>,
): Promise<void> {
  const [draft] = drafts;
  if (draft === undefined || dropped.size === 0) return;
  const outcomes = [...dropped].map(([recipientId, why]) => ({
    recipientId,
    kind: 'dropped' as const,
    at: new Date(acceptedLast(drafts).getTime() + 1), // behind its acceptance in every list
    detail: { host: null, reply: null, why },
  }));
  await recordDeliveries(tx, { accountId: draft.accountId, vault: draft.vault }, outcomes);
}

/** Drafts without a key, and for each free key the one draft that takes it. */
async function firstOfTheirKey(tx: Tx, drafts: readonly AcceptedDraft[]): Promise<ReadonlySet<AcceptedDraft>> {
  const byKey = new Map<string, AcceptedDraft>();
  for (const draft of drafts) {
    const key = draft.answer?.keyIndex.toString('hex');
    if (key !== undefined && !byKey.has(key)) byKey.set(key, draft);
  }
  const answers = [...byKey.values()].flatMap(({ answer }) => answer ?? []);
  const free = answers.length > 0 ? await takeIdempotencyKeys(tx, answers) : new Set<string>();
  const withFreeKey = [...byKey].filter(([key]) => free.has(key)).map(([, draft]) => draft);
  return new Set([...drafts.filter((draft) => draft.answer === null), ...withFreeKey]);
}

const queueRows = (draft: AcceptedDraft) =>
  draft.recipients.map(({ recipientId, domainId }) => ({
    accountId: draft.accountId,
    messageId: draft.messageId,
    recipientId,
    domainId,
    dueAt: draft.dueAt,
    isPlanned: draft.dueAt > draft.acceptedAt,
    messageClass: draft.messageClass,
    campaignId: draft.campaignId,
  }));

const auditEntry = (draft: AcceptedDraft) => ({
  at: draft.acceptedAt,
  actor: draft.actor,
  action: 'message.accepted' as const,
  object: { kind: 'message' as const, id: draft.messageId },
  detail: { via: draft.via, recipients: draft.recipients.length, sizeBytes: draft.sizeBytes },
});
