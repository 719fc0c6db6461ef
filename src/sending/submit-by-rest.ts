/** Turns a REST submission into a message and hands it to acceptance, at most once per Idempotency-Key. */
import { domainToASCII } from 'node:url';
import { accountVault, departmentOfMail } from '../accounts/index.ts';
import type { Accepted, Submission } from '../contract/messages.ts';
import { Problem } from '../contract/problem.ts';
import { comparableAddress, type Mailbox, parseAddressList } from '../core/message/index.ts';
import { decideTracking, type TrackingWish } from '../core/sending/tracking-choice.ts';
import { newId } from '../platform/ids.ts';
import type { Caller } from '../platform/route.ts';
import { acceptMessage, type Desk, type SubmittedMessage } from './accept-message.ts';
import { composeMessage, refuseControls } from './compose-message.ts';
import { earlierAnswer, type IdempotencyKey, readIdempotencyKey } from './idempotency.ts';

/** Long enough for every campaign planned ahead, short enough that what was decided at acceptance still means something. */
const sendAheadMaxMs = 30 * 24 * 3_600_000;

export async function submitByRest(
  desk: Desk,
  caller: Caller,
  body: Submission,
  idempotencyHeader: string | undefined,
): Promise<Accepted> {
  const vault = await accountVault(desk.world, caller.accountId);
  const key = readIdempotencyKey(vault, caller, idempotencyHeader, body);
  const ask = () => (key === null ? null : earlierAnswer(desk.world.db, caller.accountId, vault, key));
  const earlier = await ask();
  if (earlier !== null) return earlier;
  const outcome = await acceptMessage(desk, await submittedOf(desk, caller, body, key));
  if (outcome.kind === 'accepted') return outcome.answer;
  const first = await ask();
  if (first === null) throw new Problem('server.unavailable');
  return first;
}

async function submittedOf(
  desk: Desk,
  caller: Caller,
  body: Submission,
  idempotencyKey: IdempotencyKey | null,
): Promise<SubmittedMessage> {
  const acceptedAt = desk.world.clock.now();
  const messageId = newId(acceptedAt);
  const from = readFrom(body.from);
  const recipients = readRecipients(body.to, desk.maxRecipients);
  const dueAt = readDueAt(body.sendAt, acceptedAt);
  refuseUnusable(desk, body);
  const octets = await composeMessage(body, {
    messageId: `<${messageId}@${asciiDomain(from.domain)}>`,
    date: acceptedAt,
    from,
    replyTo: body.replyTo === undefined ? [] : readReplyTo(body.replyTo),
    to: body.discloseRecipients === true ? recipients.map(({ mailbox }) => mailbox) : [],
  });
  return {
    ...{ messageId, acceptedAt, octets, dueAt, idempotencyKey, via: 'rest' },
    ...{ accountId: caller.accountId, actor: caller.actor },
    departmentId: departmentOfMail(caller, body.departmentId),
    envelopeFrom: from.address,
    recipients: recipients.map(({ mailbox, wish }) => ({ address: mailbox.address, wish })),
    ownTo: body.discloseRecipients !== true,
    campaign: body.campaign ?? null,
    tags: body.tags ?? [],
    wish: body.tracking ?? {},
    minimumTransport: body.minimumTransport,
    messageClass: body.class,
  };
}

function refuseUnusable(desk: Desk, body: Submission): void {
  if (!body.html && !body.text) throw new Problem('message.no_content');
  refuseControls(body.subject, 'subject');
  refuseControls(body.campaign ?? '', 'campaign');
  for (const [index, tag] of (body.tags ?? []).entries()) refuseControls(tag, `tags[${index}]`);
  // Before anything is decoded: a part takes at least as much room encoded as these many characters do.
  const textLength = (body.html?.length ?? 0) + (body.text?.length ?? 0);
  const attachedLength = (body.attachments ?? []).reduce((sum, { contentBase64 }) => sum + contentBase64.length, 0);
  if (textLength + attachedLength > desk.maxMessageBytes) throw new Problem('message.too_large');
}

const asciiDomain = (domain: string): string => domainToASCII(domain) || domain;

/** RFC 5321 §4.5.3.1.3: a path is at most 256 octets, angle brackets included. */
const addressOctetsMax = 254;

/** One mailbox, as a person writes it; null when it is not one. */
function readMailbox(text: string): Mailbox | null {
  const parsed = /\p{Cc}/u.test(text) ? null : parseAddressList(text);
  if (parsed?.kind !== 'addresses' || parsed.mailboxes.length !== 1) return null;
  const mailbox = parsed.mailboxes[0];
  return mailbox !== undefined && Buffer.byteLength(mailbox.address) <= addressOctetsMax ? mailbox : null;
}

function readFrom(text: string): Mailbox {
  refuseControls(text, 'from');
  const mailbox = readMailbox(text);
  if (mailbox === null) throw new Problem('message.invalid_from', [{ field: 'from', message: 'Not one address.' }]);
  return mailbox;
}

function readReplyTo(text: string): readonly Mailbox[] {
  refuseControls(text, 'replyTo');
  const parsed = parseAddressList(text);
  if (parsed.kind === 'addresses') return parsed.mailboxes;
  throw new Problem('message.invalid_address', [{ field: 'replyTo', message: 'Not an address or list of addresses.' }]);
}

interface NamedRecipient {
  readonly mailbox: Mailbox;
  readonly wish: TrackingWish;
}

/** An address that comes twice is one recipient: the first spelling counts, and the strictest of its wishes. */
function readRecipients(to: Submission['to'], most: number): NamedRecipient[] {
  if (to.length === 0) throw new Problem('message.no_recipients');
  if (to.length > most) throw new Problem('message.too_many_recipients');
  const byAddress = new Map<string, NamedRecipient>();
  for (const [index, entry] of to.entries()) {
    const { email, tracking = {} } = typeof entry === 'string' ? { email: entry } : entry;
    const mailbox = readMailbox(email);
    if (mailbox === null)
      throw new Problem('message.invalid_address', [{ field: `to[${index}]`, message: 'Not one address.' }]);
    const name = comparableAddress(mailbox.address);
    const known = byAddress.get(name);
    const wish = known === undefined ? tracking : { level: decideTracking([known.wish, tracking]).level };
    byAddress.set(name, { mailbox: known?.mailbox ?? mailbox, wish });
  }
  return [...byAddress.values()];
}

/** A time that has passed means now. */
function readDueAt(sendAt: string | undefined, now: Date): Date {
  if (sendAt === undefined) return now;
  const at = new Date(sendAt);
  if (at.getTime() - now.getTime() > sendAheadMaxMs)
    throw new Problem('request.malformed', [{ field: 'sendAt', message: 'At most 30 days ahead.' }]);
  return at > now ? at : now;
}
