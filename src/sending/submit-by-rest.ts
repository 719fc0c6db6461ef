/** Turns a REST submission into a message and hands it to acceptance, at most once per Idempotency-Key. */
import { departmentOfMail } from '../accounts/index.ts';
import type { Accepted, Submission } from '../contract/messages.ts';
import { Problem } from '../contract/problem.ts';
import { comparableAddress, type Mailbox } from '../core/message/index.ts';
import { decideTracking, type TrackingWish } from '../core/sending/tracking-choice.ts';
import { readDueAt } from '../delivery/index.ts';
import { newId } from '../platform/ids.ts';
import type { Caller } from '../platform/route.ts';
import { acceptMessage, type Desk, type SubmittedMessage } from './accept-message.ts';
import { composeMessage, refuseControls } from './compose-message.ts';
import { answerOnce, type IdempotencyKey } from './idempotency.ts';
import { asciiDomain, readFrom, readMailbox, readReplyTo } from './read-mailbox.ts';
import { withTemplate } from './template-words.ts';

export const submitByRest = (
  desk: Desk,
  caller: Caller,
  body: Submission,
  idempotencyHeader: string | undefined,
): Promise<Accepted> =>
  answerOnce<Accepted>(desk.world, caller, { header: idempotencyHeader, body }, async (key) => {
    const written = await withTemplate(desk, caller, body);
    const outcome = await acceptMessage(desk, await submittedOf(desk, caller, written, key));
    return outcome.kind === 'accepted' ? outcome.answer : null;
  });

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
    recipients: recipients.map(({ mailbox, wish }) => ({
      address: mailbox.address,
      wish,
      ...(mailbox.name === null || body.discloseRecipients === true ? {} : { data: { name: mailbox.name } }),
    })),
    ownTo: body.discloseRecipients !== true,
    campaign: body.campaign ?? null,
    tags: body.tags ?? [],
    wish: body.tracking ?? {},
    minimumTransport: body.minimumTransport,
    messageClass: body.class,
    unsubscribe: body.unsubscribe,
  };
}

export function refuseUnusable(desk: Desk, body: Omit<Submission, 'to'>): void {
  if (!body.html && !body.text) throw new Problem('message.no_content');
  refuseControls(body.subject ?? '', 'subject');
  refuseControls(body.campaign ?? '', 'campaign');
  for (const [index, tag] of (body.tags ?? []).entries()) refuseControls(tag, `tags[${index}]`);
  // Before anything is decoded: a part takes at least as much room encoded as these many characters do.
  const textLength = (body.html?.length ?? 0) + (body.text?.length ?? 0);
  const attachedLength = (body.attachments ?? []).reduce((sum, { contentBase64 }) => sum + contentBase64.length, 0);
  if (textLength + attachedLength > desk.maxMessageBytes) throw new Problem('message.too_large');
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
