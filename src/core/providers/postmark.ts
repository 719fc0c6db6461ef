/** Postmark: one object a call, told apart by RecordType. https://postmarkapp.com/developer/webhooks/webhooks-overview */
import { built } from './build-event.ts';
import { type Fields, ignored, type ProviderEventKind, type ReadItem } from './provider-event.ts';
import {
  addressOf,
  agentOf,
  derivedId,
  field,
  fieldsOf,
  hostOf,
  instantOf,
  ipOf,
  replyOf,
  tagsOf,
  textOf,
  urlOf,
} from './read-fields.ts';

/** What Postmark calls a bounce is not always one: https://postmarkapp.com/developer/api/bounce-api#bounce-types */
const bounceKinds: Readonly<Record<string, ProviderEventKind | 'none'>> = {
  Transient: 'deferred',
  DnsError: 'deferred',
  ManuallyDeactivated: 'dropped',
  Unconfirmed: 'dropped',
  AutoResponder: 'none',
  AddressChange: 'none',
  Subscribe: 'none',
  Unsubscribe: 'none',
  OpenRelayTest: 'none',
  ChallengeVerification: 'none',
  SpamComplaint: 'none',
};

const timeFields: Readonly<Record<string, string>> = {
  Open: 'ReceivedAt',
  Click: 'ReceivedAt',
  Delivery: 'DeliveredAt',
  Bounce: 'BouncedAt',
};

export const readPostmark: ReadItem = (item) => {
  const type = textOf(field(item, 'RecordType')) ?? '';
  const kind = kindOf(type, item);
  if (kind === undefined) return ignored;
  const recipient = addressOf(field(item, 'Recipient')) ?? addressOf(field(item, 'Email'));
  const atMs = instantOf(field(item, timeFields[type] ?? ''));
  const messageId = textOf(field(item, 'MessageID'));
  const url = urlOf(field(item, 'OriginalLink'));
  const ip = ipOf(field(fieldsOf(field(item, 'Geo')), 'IP'));
  const userAgent = agentOf(field(item, 'UserAgent'));
  const tags = tagsOf(field(item, 'Tag'));
  return [
    built({
      kind,
      eventId: derivedId(type, messageId, recipient, exactTime(item, type), ip, userAgent, url),
      atMs,
      messageId,
      recipient,
      campaign: textOf(field(fieldsOf(field(item, 'Metadata')), 'campaign')) ?? tags[0] ?? null,
      tags,
      ip,
      userAgent,
      url,
      mx: hostOf(field(item, 'DestinationServer')),
      reply: replyOf(field(item, 'Details')),
    }),
  ];
};

function kindOf(type: string, item: Fields): ProviderEventKind | undefined {
  if (type === 'Open') return 'open';
  if (type === 'Click') return 'click';
  if (type === 'Delivery') return 'delivered';
  if (type !== 'Bounce') return undefined;
  const bounce = textOf(field(item, 'Type')) ?? '';
  const meant = Object.hasOwn(bounceKinds, bounce) ? bounceKinds[bounce] : 'bounced';
  return meant === 'none' ? undefined : meant;
}

/** Seven digits behind the second tell two opens of one source apart; the instant that is kept has three. */
const exactTime = (item: Fields, type: string): string | null => textOf(field(item, timeFields[type] ?? ''));
