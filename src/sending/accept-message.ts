/**
 * The one way in for a message, whichever door it came through: decides whether it is taken and how each recipient may
 * be tracked, and stores it. When it has answered, the message survives a crash. It delivers nothing.
 */
import { Counter } from 'prom-client';
import { accountVault } from '../accounts/index.ts';
import type { Accepted } from '../contract/messages.ts';
import { Problem } from '../contract/problem.ts';
import type { OutboundSettings } from '../contract/settings.ts';
import { classOf, type MessageClass } from '../core/delivery/message-class.ts';
import { encodeStoredHeader, type StoredHeader } from '../core/delivery/stored-header.ts';
import { type MinimumTransport, stricter } from '../core/delivery/transport.ts';
import {
  comparableAddress,
  domainOf,
  instrument,
  type Mailbox,
  normaliseAddress,
  type Plan,
  type PreparedHeaders,
  type ReadMessage,
} from '../core/message/index.ts';
import { decideListHeaders, feedbackIdOf } from '../core/sending/list-headers.ts';
import { decideTracking, type TrackingDecision, type TrackingWish } from '../core/sending/tracking-choice.ts';
import type { Delivery } from '../delivery/index.ts';
import { campaignNumber, dimensionIds, linkSetId } from '../events/index.ts';
import { newId } from '../platform/ids.ts';
import type { Actor } from '../platform/route.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { isOfAnother, senderOfDomain, verifiedSenders } from '../senders/index.ts';
import { isLetterPlan, type LetterPlan, type RecipientData } from '../templates/index.ts';
import { newHandle, trackingUrlOctets } from '../tracking/index.ts';
import { openPolicies, type Policy, type ReadPolicy } from './account-policy.ts';
import type { IdempotencyKey } from './idempotency.ts';
import { readSubmitted } from './read-submitted.ts';
import { defaultSubmissionLimits } from './smtp-limits.ts';
import { type AcceptedDraft, openMessageStore, type StoreMessage } from './store-messages.ts';
import { type StoredAnswer, sealStoredAnswer, withoutRecipients } from './stored-answer.ts';

export interface SendingOptions {
  /** Where tracking URLs point: links that begin with it are ours already, and it decides how long new ones get. */
  readonly trackingUrl: string;
  readonly maxMessageBytes?: number;
  readonly maxRecipients?: number;
  /** Called after the commit of each message, so that delivery need not wait for its next look at the queue. */
  readonly onQueued?: () => void;
  /** Handed what copies are made of before it is stored, when they are to go out at once. */
  readonly remember?: Delivery['remember'];
}

/** A message as a door hands it in. */
export interface SubmittedMessage {
  readonly messageId: string;
  readonly acceptedAt: Date;
  readonly accountId: string;
  readonly actor: Actor;
  /** Whose mail it is; null: the account's itself. Whether the caller reaches it was decided by the door. */
  readonly departmentId: string | null;
  readonly via: 'rest' | 'smtp';
  readonly octets: Uint8Array;
  /** The reverse path; empty for the null sender (RFC 5321 §4.5.5). */
  readonly envelopeFrom: string;
  readonly recipients: readonly SubmittedRecipient[];
  /** Absent: as many as a message may have. */
  readonly mostRecipients?: number;
  /** Each copy names only its own recipient in To. */
  readonly ownTo: boolean;
  /** What the message itself asks for, beside its X-Waxwing headers. */
  readonly campaign: string | null;
  readonly tags: readonly string[];
  readonly wish: TrackingWish;
  /** What the message itself asks for; it only tightens. */
  readonly minimumTransport?: MinimumTransport | undefined;
  readonly dueAt: Date;
  /** Absent: as its campaign says. */
  readonly messageClass?: MessageClass | undefined;
  /** Absent: marketing mail can be unsubscribed from, where the account wants it. */
  readonly unsubscribe?: boolean | undefined;
  /** A report about TLS that the program itself sends. */
  readonly isTlsReport?: true;
  readonly idempotencyKey: IdempotencyKey | null;
  /** Each copy has words of its own: the message's own are stand-ins. */
  readonly letter?: Pick<LetterPlan, 'source' | 'places' | 'links' | 'plainText'> | undefined;
  /** What is answered, and kept for repeated requests, instead of the usual. */
  readonly answerOf?: (usual: Accepted) => StoredAnswer;
}

export interface SubmittedRecipient {
  readonly address: string;
  readonly wish: TrackingWish;
  /** Kept for the writing of their copy. */
  readonly data?: RecipientData | undefined;
}

export type AcceptOutcome = { readonly kind: 'accepted'; readonly answer: Accepted } | { readonly kind: 'key-taken' };

export interface Desk {
  readonly world: World;
  readonly trackingUrl: string;
  readonly maxMessageBytes: number;
  readonly maxRecipients: number;
  readonly readPolicy: ReadPolicy;
  readonly store: StoreMessage;
  readonly onQueued: () => void;
  readonly remember: Delivery['remember'];
  readonly acceptedCount: Counter<'via'>;
}

export function openDesk(world: World, options: SendingOptions): Desk {
  return {
    world,
    trackingUrl: options.trackingUrl.replace(/\/+$/, ''),
    maxMessageBytes: options.maxMessageBytes ?? defaultSubmissionLimits.maxMessageBytes,
    maxRecipients: options.maxRecipients ?? defaultSubmissionLimits.maxRecipients,
    readPolicy: openPolicies(world.db),
    store: openMessageStore(world.db),
    onQueued: options.onQueued ?? (() => {}),
    remember: options.remember ?? (() => {}),
    acceptedCount: acceptedCounter(world),
  };
}

export async function acceptMessage(desk: Desk, submitted: SubmittedMessage): Promise<AcceptOutcome> {
  refuseWrongCounts(desk, submitted);
  const { message, headers } = readSubmitted(submitted.octets);
  const vault = await accountVault(desk.world, submitted.accountId);
  const indexes = submitted.recipients.map(({ address }) => vault.index('address', comparableAddress(address)));
  const { accountId, departmentId } = submitted;
  const policy = await desk.readPolicy(accountId, { recipients: indexes, departmentId });
  const warnings = await standingOf(desk, submitted, headers, policy.settings);
  const tracking = freezeTracking(submitted, headers, policy);
  const plan = planCopies(desk, message, headers, tracking, {
    settings: policy.settings,
    letter: submitted.letter,
  });
  const numbers = await numberDimensions(desk, submitted, { vault, headers, plan });
  const answer = answerTo(submitted, warnings);
  const { settings } = policy;
  const parts: Sealable = { submitted, vault, message, headers, plan, numbers, indexes, tracking, answer, settings };
  const draft = seal(parts);
  rememberForDelivery(desk, parts);
  const outcome = await desk.store(submitted.accountId, draft);
  if (outcome === 'key-taken') return { kind: 'key-taken' };
  desk.acceptedCount.inc({ via: submitted.via });
  desk.onQueued();
  return { kind: 'accepted', answer };
}

/** Before it is stored, since delivery may be quicker than whoever waits for that; without its row it is never asked for. */
function rememberForDelivery(desk: Desk, parts: Sealable): void {
  const { submitted, plan } = parts;
  const { octets } = submitted;
  if (submitted.dueAt > submitted.acceptedAt || isLetterPlan(plan)) return;
  const content = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
  desk.remember(submitted.messageId, { header: headerOf(parts), content, plan, letter: null });
}

function refuseWrongCounts(
  desk: Desk,
  { recipients, octets, mostRecipients = desk.maxRecipients }: SubmittedMessage,
): void {
  if (recipients.length === 0) throw new Problem('message.no_recipients');
  if (recipients.length > mostRecipients) throw new Problem('message.too_many_recipients');
  if (octets.length > desk.maxMessageBytes) throw new Problem('message.too_large');
}

/** What is to be said of the author's domain; throws where the account wants verified ones only. */
async function standingOf(
  { world }: Desk,
  { accountId, envelopeFrom }: Pick<SubmittedMessage, 'accountId' | 'envelopeFrom'>,
  { from, senderDomains }: PreparedHeaders,
  settings: OutboundSettings,
): Promise<string[]> {
  const domain = domainOf(comparableAddress(from.address));
  const senders = await verifiedSenders(world, accountId);
  const refuseOthers = async (one: string, field: string): Promise<void> => {
    if (senderOfDomain(senders, one) === null && (await isOfAnother(world, accountId, one)))
      throw new Problem('sender.of_another', [{ field, message: 'belongs to another account' }]);
  };
  // SPF is checked by the envelope's domain, and bounces go there: neither is lent to others.
  const bounced = envelopeFrom === '' ? domain : domainOf(comparableAddress(envelopeFrom));
  if (bounced !== domain) await refuseOthers(bounced, 'envelopeFrom');
  // Shown to people beside From, or in its place.
  for (const one of senderDomains) if (one !== domain) await refuseOthers(one, 'sender');
  const sender = senderOfDomain(senders, domain);
  if (sender !== null) return sender.keys.length > 0 ? [] : [unsigned];
  await refuseOthers(domain, 'from');
  if (settings.requireVerifiedSender)
    throw new Problem('sender.not_verified', [
      { field: 'from', message: 'Add its domain under sender domains and verify it, or allow unverified senders.' },
    ]);
  return [unverified];
}

/** Decided now and kept on the recipient: loosening a setting later never reaches back. */
function freezeTracking(submitted: SubmittedMessage, headers: PreparedHeaders, policy: Policy): TrackingDecision[] {
  const { trackOpens, trackClicks, trackingLevel } = policy.settings;
  const ofAll = [
    { level: trackingLevel, opens: trackOpens, clicks: trackClicks },
    submitted.wish,
    headers.track === null ? {} : wishOfHeader(headers.track),
  ];
  return submitted.recipients.map(({ wish }, position) =>
    decideTracking([...ofAll, wish, { level: policy.consents[position] }]),
  );
}

const wishOfHeader = ({ opens, clicks }: { opens: boolean; clicks: boolean }): TrackingWish =>
  opens || clicks ? { opens, clicks } : { level: 'off' };

/** Planned once for all; which links and pixel a copy gets is its recipient's own decision. */
function planCopies(
  desk: Desk,
  message: ReadMessage,
  headers: PreparedHeaders,
  tracking: readonly TrackingDecision[],
  { settings, letter }: { settings: OutboundSettings; letter: SubmittedMessage['letter'] },
): Plan | LetterPlan {
  const clicks = tracking.some((one) => one.clicks);
  const honeypot = settings.honeypotLinks && tracking.some((one) => one.clicks && one.level === 'identified');
  if (letter !== undefined) return { version: 'letter', ...letter, links: clicks ? letter.links : [], honeypot };
  return instrument(message, {
    opens: tracking.some(({ opens }) => opens),
    clicks,
    plainText: settings.trackPlainText,
    honeypot,
    headers: headers.edits,
    ownUrls: [`${desk.trackingUrl}/`],
    urlOctetsMax: (destination) => trackingUrlOctets(desk.trackingUrl, destination),
  });
}

interface Numbers {
  readonly senderId: number;
  readonly campaignId: number;
  readonly linkSetId: number;
  readonly domainIds: readonly number[];
}

async function numberDimensions(
  desk: Desk,
  submitted: SubmittedMessage,
  read: { vault: AccountVault; headers: PreparedHeaders; plan: Plan | LetterPlan },
): Promise<Numbers> {
  const { db } = desk.world;
  const keys = { accountId: submitted.accountId, vault: read.vault };
  const campaign = campaignOf({ submitted, headers: read.headers });
  const [senderId = 0, ...others] = await dimensionIds(db, keys, [
    { kind: 'sender', value: normaliseAddress(read.headers.from.address) },
    ...submitted.recipients.map(({ address }) => ({
      kind: 'domain' as const,
      value: domainOf(comparableAddress(address)),
    })),
  ]);
  return {
    senderId,
    domainIds: others,
    campaignId: await campaignNumber(db, keys, campaign, submitted.departmentId),
    linkSetId: await linkSetId(db, keys, read.plan.links),
  };
}

const unverified =
  'The sender domain is not verified: receiving servers may treat the message as spam. It was accepted because the account allows unverified senders.';
const unsigned =
  'No key of the sender domain was seen in the DNS, so the message goes unsigned: receiving servers may treat it as spam.';

const answerTo = ({ messageId, recipients, acceptedAt }: SubmittedMessage, warnings: readonly string[]): Accepted => ({
  id: messageId,
  recipients: recipients.map(({ address }) => ({ id: newId(acceptedAt), email: address, status: 'queued' })),
  ...(warnings.length > 0 ? { warnings: [...warnings] } : {}),
});

interface Sealable {
  readonly submitted: SubmittedMessage;
  readonly message: ReadMessage;
  readonly vault: AccountVault;
  readonly headers: PreparedHeaders;
  readonly plan: Plan | LetterPlan;
  readonly numbers: Numbers;
  readonly indexes: readonly Buffer[];
  readonly tracking: readonly TrackingDecision[];
  readonly answer: Accepted;
  readonly settings: OutboundSettings;
}

/** Nothing of the message leaves here readable: its key is new, wrapped by the account's, and kept in a row of its own. */
function seal(parts: Sealable): AcceptedDraft {
  const { submitted, vault, plan, numbers, settings } = parts;
  const { keySealed, sealer } = vault.newMessageKey();
  const { accountId, messageId, acceptedAt } = submitted;
  return {
    ...{ accountId, messageId, acceptedAt, keySealed, via: submitted.via, actor: submitted.actor },
    ...{ dueAt: submitted.dueAt, timeZone: settings.timeZone, sizeBytes: submitted.octets.length },
    messageClass: classOfMail(parts),
    departmentId: submitted.departmentId,
    vault,
    ...{ senderId: numbers.senderId, campaignId: numbers.campaignId, linkSetId: numbers.linkSetId },
    linkCount: plan.links.length,
    headerSealed: sealer.seal('message.header', encodeStoredHeader(headerOf(parts))),
    linksSealed: plan.links.length === 0 ? null : sealer.seal('message.links', JSON.stringify(plan.links)),
    contentSealed: sealer.seal('message.content', submitted.octets),
    planSealed: sealer.seal('message.plan', JSON.stringify(plan)),
    recipients: submitted.recipients.map(({ address, data }, position) => ({
      recipientId: parts.answer.recipients[position]?.id ?? '',
      dataSealed: data === undefined ? null : sealer.seal('recipient.data', JSON.stringify(data)),
      addressSealed: sealer.seal('recipient.address', address),
      addressIndex: parts.indexes[position] ?? Buffer.alloc(0),
      handle: Buffer.from(newHandle()),
      domainId: numbers.domainIds[position] ?? 0,
      ...(parts.tracking[position] ?? { level: 'off', opens: false, clicks: false }),
    })),
    answer: sealedAnswer(parts),
  };
}

const campaignOf = ({ submitted, headers }: Pick<Sealable, 'submitted' | 'headers'>): string | null =>
  submitted.campaign ?? headers.campaign;

const classOfMail = (parts: Sealable): MessageClass =>
  classOf(parts.submitted.messageClass, campaignOf(parts) !== null);

function headerOf(parts: Sealable): StoredHeader {
  const { submitted, headers, settings } = parts;
  return {
    subject: headers.subject ?? '',
    from: readable(headers.from),
    envelopeFrom: submitted.envelopeFrom,
    tags: [...new Set([...submitted.tags, ...headers.tags])],
    ownTo: submitted.ownTo,
    ...floorAtAcceptance(settings.minimumTransport, submitted.minimumTransport),
    ...listHeaders(parts),
    ...(submitted.isTlsReport === true ? { isTlsReport: true } : {}),
  };
}

function listHeaders(parts: Sealable): Pick<StoredHeader, 'unsubscribe' | 'feedbackId'> {
  const { submitted, message, settings, vault } = parts;
  const messageClass = classOfMail(parts);
  const decided = decideListHeaders(message, {
    via: submitted.via,
    messageClass,
    unsubscribe: submitted.unsubscribe,
    settings,
  });
  const unsubscribe = decided.unsubscribe === 'none' ? {} : { unsubscribe: decided.unsubscribe };
  if (!decided.feedbackId) return unsubscribe;
  const name = campaignOf(parts);
  const campaign = name === null || settings.feedbackId === 'named' ? name : shortHash(vault, 'campaign', name);
  const account = shortHash(vault, 'account', submitted.accountId);
  return { ...unsubscribe, feedbackId: feedbackIdOf({ campaign, messageClass, account }) };
}

const shortHash = (vault: Pick<AccountVault, 'index'>, kind: string, value: string): string =>
  vault.index(`feedback-${kind}`, value).toString('hex').slice(0, 16);

function floorAtAcceptance(ofHouse: MinimumTransport, ofMessage: MinimumTransport = 'plain') {
  const minimumTransport = stricter(ofHouse, ofMessage);
  return { minimumTransport, ...(minimumTransport === ofHouse ? {} : { asksItself: true }) };
}

const readable = ({ name, address }: Mailbox): string => (name === null ? address : `${name} <${address}>`);

function sealedAnswer({ submitted, vault, answer }: Sealable): AcceptedDraft['answer'] {
  const { idempotencyKey, accountId, messageId, acceptedAt, answerOf } = submitted;
  if (idempotencyKey === null) return null;
  const responseSealed = sealStoredAnswer(vault, answerOf === undefined ? withoutRecipients(answer) : answerOf(answer));
  return { ...idempotencyKey, accountId, messageId, responseSealed, at: acceptedAt };
}

const acceptedName = 'waxwing_messages_accepted_total';

function acceptedCounter({ metrics }: World): Counter<'via'> {
  const known = metrics.getSingleMetric(acceptedName);
  if (known instanceof Counter) return known as Counter<'via'>;
  return new Counter({
    name: acceptedName,
    help: 'Messages accepted, by the door they came through.',
    labelNames: ['via'],
    registers: [metrics],
  });
}
