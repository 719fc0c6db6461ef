/**
 * Judges the hits of one account's batch among all that is known of their copies, and records them: new verdicts, revised
 * earlier ones, bare counts where no more is agreed. It runs inside the transaction that moves the journal's position.
 */
import { type Evidence, judgeSequence, SEQUENCE_LIMIT, type Verdict } from '@waxwing/verdict';
import type { OutboundSettings } from '../contract/settings.ts';
import {
  type AccountKeys,
  type AnonymousHit,
  holdKeyedMessages,
  type JudgedHit,
  type KeyedMessage,
  type LockedRecipient,
  type LockedRecipients,
  loadHits,
  loadSources,
  lockRecipients,
  type Revision,
  recordHits,
} from '../events/index.ts';
import type { KnownHabits } from '../habits/index.ts';
import type { Tx } from '../platform/database.ts';
import { announceHits } from '../settling/index.ts';
import { habitsOf, type Learner, withHabit, withLateHabit } from './compare-habit.ts';
import { isAnotherOpinion, opinion, revised, withErased } from './form-opinion.ts';
import { type EvidenceSources, evidenceOf, withDelivery } from './gather-evidence.ts';
import type { JournaledHit } from './hit.ts';
import { keepEvidence } from './kept-evidence.ts';
import { lockRequest, type SealRequest } from './seal-requests.ts';
import { type SourceMark, SourceSpreads, type Spread, spreadWindowMs } from './source-spread.ts';
import { earlierEvidence, keyText, spread } from './spread-evidence.ts';
import { loadCopyFacts } from './store.ts';

/** What the account has chosen, as of this transaction. */
export type JudgingSettings = Pick<OutboundSettings, 'disabledRules' | 'keepRequestDays' | 'learnScannerHabits'>;

export interface JudgedAccount extends AccountKeys, EvidenceSources, Learner {
  readonly settings: JudgingSettings;
}

/** The same, and how it keeps the addresses and agents of hits that come. */
export type StoringAccount = JudgedAccount & { readonly sealRequest: SealRequest };

/** A hit whose token led to a copy of this account's, or claims to. */
export interface CopyHit {
  readonly hit: JournaledHit;
  readonly messageId: string;
  readonly recipientId: string;
}

/** A hit of a token that names no recipient. */
export interface CampaignHit {
  readonly hit: JournaledHit;
  readonly campaignId: number;
  /** In the account's time zone. */
  readonly day: string;
}

export interface StoredHits {
  /** Hits of copies that do not exist here. */
  readonly unattributed: number;
  readonly revised: number;
  /** Hits beyond what is judged together. */
  readonly judgedAlone: number;
}

/** What another provider tells of can lie before our own acceptance: its clock, or mail that it took first. */
const acceptedSlackMs = 2 * 86_400_000;
/** Enough to see that a source reaches many; an unbounded look would cost more the more a machine asks. */
const hitsPerSource = 200;

export async function storeAccountHits(
  tx: Tx,
  account: StoringAccount,
  copyHits: readonly CopyHit[],
  campaignHits: readonly CampaignHit[],
  now: Date,
): Promise<StoredHits> {
  const habits = await habitsOf(tx, account, now);
  const ids = [...new Set(copyHits.map((one) => one.recipientId))];
  const messageIds = copyHits.map((one) => one.messageId);
  const messages = await holdKeyedMessages(tx, account, messageIds);
  const facts = await loadCopyFacts(tx, account.accountId, ids);
  const known = copyHits.filter((one) => facts.get(one.recipientId)?.messageId === one.messageId);
  const [open, silenced] = partition(known, (one) => facts.get(one.recipientId)?.level === 'identified');
  const arrivals = open.map((one) => arrivalOf(account, one));
  const sources = await loadSpreads(tx, account, arrivals);
  const ownIds = [...new Set(known.map((one) => one.recipientId))];
  const recipients = await lockRecipients(tx, account, [...ownIds, ...sources.reachedBefore]);
  const sequences = await loadSequences(tx, account, recipients, arrivals, sources);
  const judged = sequences.flatMap((sequence) => judgeCopy(account, sequence, { ...sources, habits, messages }, now));
  const hits = judged.flatMap((one) => ('hit' in one ? [] : [one]));
  const revisions = judged.filter((one) => 'hit' in one);
  const { revised, newIds } = await recordHits(tx, account, {
    recipients,
    hits,
    revisions,
    anonymous: [
      ...silenced.map((one) => silencedHit(account, one)),
      ...campaignHits.map((one) => countedHit(account, one)),
    ],
    recordedAt: now,
  });
  const fresh = hits.filter((hit) => newIds.has(hit.id));
  await announce(tx, account, fresh, revisions, now);
  const judgedAlone = sequences.filter((one) => one.isTooLong).reduce((sum, one) => sum + one.arrivals.length, 0);
  return { unattributed: copyHits.length - known.length, revised, judgedAlone };
}

/** Judges these recipients' stored hits again, after something about them became known. Runs in the transaction of the news. */
export async function rejudge(
  tx: Tx,
  account: JudgedAccount,
  recipientIds: readonly string[],
  now: Date,
): Promise<number> {
  const habits = await habitsOf(tx, account, now);
  const recipients = await lockRecipients(tx, account, recipientIds);
  const sources = { spreads: new SourceSpreads([]), reachedBefore: new Set(recipientIds) };
  const sequences = await loadSequences(tx, account, recipients, [], sources);
  const known = { ...sources, habits, messages: new Map() };
  const judged = sequences.flatMap((sequence) => judgeCopy(account, sequence, known, now));
  const revisions = judged.flatMap((one) => ('hit' in one ? [one] : []));
  if (revisions.length === 0) return 0;
  const batch = { recipients, hits: [], revisions, anonymous: [], recordedAt: now };
  const { revised } = await recordHits(tx, account, batch);
  await announce(tx, account, [], revisions, now);
  return revised;
}

/** What waits for settled verdicts is told which hits to wait for. */
function announce(
  tx: Tx,
  { settings }: JudgedAccount,
  fresh: readonly JudgedHit[],
  revisions: readonly Revision[],
  now: Date,
): Promise<void> {
  const anew = revisions.map(({ hit, verdict }) => ({ ...hit, verdict }));
  return announceHits(
    tx,
    settings.learnScannerHabits ? ['scanner-habits', 'webhooks'] : ['webhooks'],
    fresh,
    anew,
    now,
  );
}

interface Arrival extends CopyHit {
  readonly sourceKey: Buffer | null;
  /** The same in hex. */
  readonly sourceName: string | undefined;
  /** Address and agent, under the key of their day; undefined where they are not kept. */
  readonly keptRequest: string | undefined;
}

function arrivalOf({ sourceKeyOf, sealRequest }: StoringAccount, one: CopyHit): Arrival {
  const { ip, userAgent } = one.hit;
  const sourceKey = ip !== null && userAgent !== null ? sourceKeyOf(ip, userAgent) : null;
  const { hit, messageId, recipientId } = one;
  const sourceName = sourceKey?.toString('hex');
  return { hit, messageId, recipientId, sourceKey, sourceName, keptRequest: sealRequest(hit) };
}

interface Sources {
  readonly spreads: SourceSpreads;
  /** Recipients whose earlier hits look different now that their source is seen to reach so many. */
  readonly reachedBefore: ReadonlySet<string>;
}

/**
 * detection.md §6: four recipients in a second, twenty in ten minutes. Beyond that the hits before are judged again for a
 * while yet, because what another edge stores at the same moment is seen only afterwards.
 */
const looksNew = ({ within1s, within10min }: Spread): boolean =>
  (within1s >= 4 && within1s < 12) || (within10min >= 20 && within10min < 40);

async function loadSpreads(tx: Tx, account: JudgedAccount, arrivals: readonly Arrival[]): Promise<Sources> {
  const marks = arrivals.flatMap(markOf);
  if (marks.length === 0) return { spreads: new SourceSpreads([]), reachedBefore: new Set() };
  const times = marks.map((mark) => mark.atMs);
  const keys = [...new Set(marks.map((mark) => mark.sourceKey))].map((key) => Buffer.from(key, 'hex'));
  const stored = await loadSources(tx, account, keys, {
    since: new Date(Math.min(...times) - spreadWindowMs),
    until: new Date(Math.max(...times) + spreadWindowMs),
    hitsPerSource,
  });
  const before = stored.map(({ sourceKey, recipientId, occurredAt }) => ({
    sourceKey,
    recipientId,
    atMs: occurredAt.getTime(),
  }));
  const spreads = new SourceSpreads([...before, ...marks]);
  const changed = before.filter(({ sourceKey, atMs }) => {
    const found = spreads.at(sourceKey, atMs);
    return found !== undefined && looksNew(found);
  });
  return { spreads, reachedBefore: new Set(changed.map((mark) => mark.recipientId)) };
}

const markOf = ({ sourceName, recipientId, hit }: Arrival): SourceMark[] =>
  sourceName === undefined ? [] : [{ sourceKey: sourceName, recipientId, atMs: hit.atMs }];

/** A copy with the hits it had, the hits it now gets, and what is known of it. */
interface Sequence {
  readonly recipient: LockedRecipient;
  readonly earlier: readonly JudgedHit[];
  readonly arrivals: readonly Arrival[];
  readonly isTooLong: boolean;
}

async function loadSequences(
  tx: Tx,
  account: JudgedAccount,
  recipients: LockedRecipients,
  arrivals: readonly Arrival[],
  sources: Sources,
): Promise<Sequence[]> {
  const byRecipient = Map.groupBy(arrivals, (arrival) => arrival.recipientId);
  const wanted = [...recipients.values()].filter(
    ({ recipientId }) => byRecipient.has(recipientId) || sources.reachedBefore.has(recipientId),
  );
  const withHistory = wanted.filter((recipient) => hitCount(recipient) > 0 && hitCount(recipient) < SEQUENCE_LIMIT);
  const since = new Date(Math.min(...withHistory.map(({ acceptedAt }) => acceptedAt.getTime())) - acceptedSlackMs);
  const bounds = { since, hitsPerRecipient: SEQUENCE_LIMIT };
  const earlier = await loadHits(
    tx,
    account,
    withHistory.map((recipient) => recipient.recipientId),
    bounds,
  );
  return wanted.map((recipient) => ({
    recipient,
    earlier: earlier.get(recipient.recipientId) ?? [],
    arrivals: byRecipient.get(recipient.recipientId) ?? [],
    isTooLong: hitCount(recipient) >= SEQUENCE_LIMIT,
  }));
}

const hitCount = ({ opens, clicks }: LockedRecipient): number =>
  [...opens, ...clicks].reduce((sum, count) => sum + count, 0);

/** What is known beyond a single copy. */
interface Known {
  readonly spreads: SourceSpreads;
  readonly habits: KnownHabits;
  /** Those that hits come for. */
  readonly messages: ReadonlyMap<string, KeyedMessage>;
}

function judgeCopy(
  account: JudgedAccount,
  sequence: Sequence,
  { spreads, habits, messages }: Known,
  now: Date,
): (JudgedHit | Revision)[] {
  const { recipient, earlier, arrivals, isTooLong } = sequence;
  const message = messages.get(recipient.messageId);
  const copy = { recipient, linkCount: message?.linkCount ?? 0 };
  const { domainId } = recipient;
  const before = earlier.map((hit) => {
    const kept = earlierEvidence(hit);
    const known = withLateHabit(kept, withDelivery(kept, copy), domainId, habits);
    return spread(known, keyText(hit.sourceKey), spreads);
  });
  const fresh = arrivals.map(({ hit, sourceName }) => {
    const evidence = withHabit(evidenceOf(hit, copy, account), domainId, habits);
    return spread(evidence, sourceName, spreads);
  });
  // Judged as if settled: what later hits would change they do change, since each of them has the sequence judged anew.
  const { disabledRules } = account.settings;
  const verdicts = isTooLong
    ? fresh.flatMap((one) => judgeSequence([one], { disabledRules }))
    : judgeSequence([...before, ...fresh], { disabledRules });
  const looked = isTooLong ? [] : earlier;
  const revisions = looked
    .map((hit, place) => ({ hit, verdict: revised(hit, opinion(verdicts[place], hit.occurredAt, now)) }))
    .filter(({ hit, verdict }) => isAnotherOpinion(hit.verdict, verdict));
  const opinions = verdicts.slice(looked.length);
  const hits = fresh.flatMap((evidence, place) => {
    const arrival = arrivals[place];
    return arrival === undefined ? [] : [judgedHit(arrival, evidence, opinions[place], message, now)];
  });
  return [...revisions, ...hits];
}

function judgedHit(
  { hit, messageId, recipientId, sourceKey, keptRequest }: Arrival,
  evidence: Evidence,
  verdict: Verdict | undefined,
  message: KeyedMessage | undefined,
  now: Date,
): JudgedHit {
  const occurredAt = new Date(hit.atMs);
  const formed = opinion(verdict, occurredAt, now);
  const { method, token } = hit;
  const sealer = keptRequest === undefined ? undefined : message?.sealer();
  return {
    id: hit.id,
    kind: hit.kind,
    occurredAt,
    messageId,
    recipientId,
    linkIndex: hit.linkIndex,
    sourceKey,
    detail: {
      request: { method, token, ...(keptRequest && sealer ? { locked: lockRequest(sealer, keptRequest) } : {}) },
      evidence: keepEvidence(evidence),
    },
    verdict: message?.isErased === true ? withErased(formed) : formed,
  };
}

const silencedHit = (account: JudgedAccount, { hit, recipientId }: CopyHit): AnonymousHit => ({
  recipientId,
  kind: hit.kind,
  verdict: judgeOne(account, hit),
});

const countedHit = (account: JudgedAccount, { hit, campaignId, day }: CampaignHit): AnonymousHit => ({
  campaignId,
  acceptedDay: day,
  kind: hit.kind,
  verdict: judgeOne(account, hit),
});

function judgeOne(account: JudgedAccount, hit: JournaledHit): Verdict {
  const [verdict] = judgeSequence([evidenceOf(hit, undefined, account)], account.settings);
  if (verdict === undefined) throw new Error('the judge left a hit out');
  return verdict;
}

function partition<T>(all: readonly T[], isFirst: (one: T) => boolean): [T[], T[]] {
  const first: T[] = [];
  const rest: T[] = [];
  for (const one of all) (isFirst(one) ? first : rest).push(one);
  return [first, rest];
}
