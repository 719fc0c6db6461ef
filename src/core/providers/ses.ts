/**
 * Amazon SES event publishing and its older notifications, bare or as the text in an SNS envelope. An open or click of a
 * message with several destinations does not say whose it was.
 * https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
 */
import { built } from './build-event.ts';
import { type Fields, ignored, type ProviderEventKind, type ReadItem, refused } from './provider-event.ts';
import {
  addressOf,
  agentOf,
  derivedId,
  field,
  fieldsOf,
  instantOf,
  ipOf,
  isFields,
  listOf,
  replyOf,
  textOf,
  urlOf,
} from './read-fields.ts';

interface EventType {
  readonly kind: ProviderEventKind;
  /** Where the particulars are; undefined: the event has none beside the mail itself. */
  readonly at?: string;
  /** Which list of the particulars names the recipients. */
  readonly recipients?: string;
}

const types: Readonly<Record<string, EventType>> = {
  Send: { kind: 'accepted' },
  Reject: { kind: 'dropped' },
  'Rendering Failure': { kind: 'dropped' },
  Delivery: { kind: 'delivered', at: 'delivery', recipients: 'recipients' },
  DeliveryDelay: { kind: 'deferred', at: 'deliveryDelay', recipients: 'delayedRecipients' },
  Bounce: { kind: 'bounced', at: 'bounce', recipients: 'bouncedRecipients' },
  Open: { kind: 'open', at: 'open' },
  Click: { kind: 'click', at: 'click' },
};

const maxRecipients = 100;

export const readSes: ReadItem = (item) => {
  const record = unwrapped(item);
  if (record === null) return refused('The SNS message is not a JSON object.');
  const name = textOf(field(record, 'eventType')) ?? textOf(field(record, 'notificationType')) ?? '';
  const type = Object.hasOwn(types, name) ? types[name] : undefined;
  if (type === undefined) return ignored;
  const mail = fieldsOf(field(record, 'mail'));
  const told = type.at === undefined ? {} : fieldsOf(field(record, type.at));
  const isHit = type.kind === 'open' || type.kind === 'click';
  const named = namedRecipients(type, mail, told);
  if (named.length > maxRecipients) return refused('The event names more than 100 recipients.');
  const recipients = isHit && named.length > 1 ? [null] : named.map(addressOf);
  if (recipients.length === 0) return refused('The event has no usable recipient address.');
  const shared = sharedParts(name, type, mail, told);
  return recipients.map((recipient) =>
    built({
      ...shared,
      recipient,
      isForNobody: isHit && named.length > 1,
      eventId: derivedId(name, shared.messageId, recipient, shared.atMs, shared.ip, shared.userAgent, shared.url),
    }),
  );
};

/** An SNS envelope holds the record as text: https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html */
function unwrapped(item: Fields): Fields | null {
  const message = field(item, 'Message');
  if (typeof field(item, 'Type') !== 'string' || typeof message !== 'string') return item;
  if (field(item, 'Type') !== 'Notification') return {};
  try {
    const inner: unknown = JSON.parse(message);
    return isFields(inner) ? inner : null;
  } catch {
    // SNS itself, and SES when a destination is set up, send a line of plain text.
    return /^\s*[{[]/.test(message) ? null : {};
  }
}

function namedRecipients(type: EventType, mail: Fields, told: Fields): readonly unknown[] {
  const own = type.recipients === undefined ? [] : listOf(field(told, type.recipients));
  const addresses = own.map((one) => (isFields(one) ? field(one, 'emailAddress') : one));
  return addresses.length > 0 ? addresses : listOf(field(mail, 'destination'));
}

function sharedParts(name: string, type: EventType, mail: Fields, told: Fields) {
  const sentAtMs = instantOf(field(mail, 'timestamp'));
  return {
    kind: type.kind,
    atMs: instantOf(field(told, 'timestamp')) ?? (type.at === undefined ? sentAtMs : null),
    messageId: textOf(field(mail, 'messageId')),
    campaign: campaignOf(fieldsOf(field(mail, 'tags'))),
    sender: addressOf(field(mail, 'source')),
    sentAtMs,
    ip: ipOf(field(told, 'ipAddress')),
    userAgent: agentOf(field(told, 'userAgent')),
    url: urlOf(field(told, 'link')),
    reply:
      replyOf(field(told, 'smtpResponse')) ?? diagnosticOf(told) ?? (name === 'Reject' ? 'Rejected by SES.' : null),
    says: isBot(field(told, 'isBotEvent')) ? ('machine' as const) : null,
  };
}

const isBot = (value: unknown): boolean => value === true || value === 'true';

function diagnosticOf(told: Fields): string | null {
  const [first] = listOf(field(told, 'bouncedRecipients'));
  return replyOf(field(fieldsOf(first), 'diagnosticCode'));
}

/** A tag `campaign` of the sender's own, or the configuration set. */
function campaignOf(tags: Fields): string | null {
  for (const name of ['campaign', 'Campaign', 'ses:configuration-set']) {
    const campaign = textOf(listOf(field(tags, name))[0]);
    if (campaign !== null) return campaign;
  }
  return null;
}
