/**
 * Mailchimp Transactional (Mandrill): an array of events, sent as the form field `mandrill_events`.
 * https://mailchimp.com/developer/transactional/docs/webhooks/
 */
import { built } from './build-event.ts';
import { type Fields, ignored, type ProviderEventKind, type ProviderReading, type ReadItem } from './provider-event.ts';
import {
  addressOf,
  agentOf,
  derivedId,
  field,
  fieldsOf,
  ipOf,
  listOf,
  replyOf,
  secondsOf,
  tagsOf,
  textOf,
  urlOf,
} from './read-fields.ts';

const kinds: Readonly<Record<string, ProviderEventKind>> = {
  send: 'accepted',
  delivered: 'delivered',
  deferral: 'deferred',
  hard_bounce: 'bounced',
  soft_bounce: 'bounced',
  reject: 'dropped',
  open: 'open',
  click: 'click',
};

export const readMandrill: ReadItem = (item) => {
  const name = textOf(field(item, 'event')) ?? '';
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  if (kind === undefined) return ignored;
  const message = fieldsOf(field(item, 'msg'));
  const first = eventOf(item, message, { name, kind, atMs: secondsOf(field(item, 'ts')), reply: replyIn(message) });
  const taken = kind === 'accepted' ? takenOf(message) : undefined;
  if (taken === undefined) return [first];
  return [first, eventOf(item, message, { name: 'sent', kind: 'delivered', ...taken })];
};

interface Told {
  readonly name: string;
  readonly kind: ProviderEventKind;
  readonly atMs: number | null;
  readonly reply: string | null;
}

/** Mandrill's `_id` of an event is the message's, so its own is made of what a redelivery repeats. */
function eventOf(item: Fields, message: Fields, { name, kind, atMs, reply }: Told): ProviderReading {
  const messageId = textOf(field(message, '_id')) ?? textOf(field(item, '_id'));
  const recipient = addressOf(field(message, 'email'));
  const ip = ipOf(field(item, 'ip'));
  const userAgent = agentOf(field(item, 'user_agent'));
  const url = urlOf(field(item, 'url'));
  const tags = tagsOf(field(message, 'tags'));
  return built({
    kind,
    eventId: derivedId(name, messageId, recipient, atMs, ip, userAgent, url),
    atMs,
    messageId,
    recipient,
    campaign: textOf(field(fieldsOf(field(message, 'metadata')), 'campaign')) ?? tags[0] ?? null,
    tags,
    sender: addressOf(field(message, 'sender')),
    sentAtMs: secondsOf(field(message, 'ts')),
    ip,
    userAgent,
    url,
    reply,
  });
}

/** `send` means delivered only where the receiving server's own 250 stands beside it. */
function takenOf(message: Fields): Pick<Told, 'atMs' | 'reply'> | undefined {
  const taken = listOf(field(message, 'smtp_events'))
    .slice(0, 100)
    .find((one) => field(one, 'type') === 'sent' && /^2\d\d\b/.test(textOf(field(one, 'diag'), 2_000) ?? ''));
  return taken === undefined
    ? undefined
    : { atMs: secondsOf(field(taken, 'ts')), reply: replyOf(field(taken, 'diag')) };
}

const replyIn = (message: Fields): string | null =>
  replyOf(field(message, 'diag')) ?? replyOf(field(message, 'bounce_description'));
