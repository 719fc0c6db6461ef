/**
 * Twilio SendGrid's Event Webhook: an array of flat objects.
 * https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
 */
import { built } from './build-event.ts';
import { type Fields, ignored, type ProviderEventKind, type ReadItem } from './provider-event.ts';
import {
  addressOf,
  agentOf,
  derivedId,
  field,
  hostOf,
  ipOf,
  replyOf,
  secondsOf,
  tagsOf,
  textOf,
  urlOf,
} from './read-fields.ts';

const kinds: Readonly<Record<string, ProviderEventKind>> = {
  processed: 'accepted',
  delivered: 'delivered',
  deferred: 'deferred',
  bounce: 'bounced',
  dropped: 'dropped',
  open: 'open',
  click: 'click',
};

export const readSendGrid: ReadItem = (item) => {
  const name = textOf(field(item, 'event')) ?? '';
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  if (kind === undefined) return ignored;
  const recipient = addressOf(field(item, 'email'));
  const atMs = secondsOf(field(item, 'timestamp'));
  const messageId = messageIdOf(item);
  const url = urlOf(field(item, 'url'));
  const ip = ipOf(field(item, 'ip'));
  const tags = tagsOf(field(item, 'category'));
  return [
    built({
      kind,
      eventId: textOf(field(item, 'sg_event_id')) ?? derivedId(name, messageId, recipient, atMs, ip, url),
      atMs,
      messageId,
      recipient,
      campaign: campaignOf(item) ?? tags[0] ?? null,
      tags,
      ip,
      userAgent: agentOf(field(item, 'useragent')),
      url,
      mx: hostOf(field(item, 'mx')),
      reply: replyOf(field(item, 'response') ?? field(item, 'reason')),
      says: field(item, 'sg_machine_open') === true ? 'prefetch' : null,
    }),
  ];
};

/** What follows the id of the request differs from event to event: `<id>.filterdrecv-…` or `<id>.recvd-…`. */
function messageIdOf(item: Fields): string | null {
  const id = textOf(field(item, 'sg_message_id'), 400)?.replace(/\.(filter|recv).*$/, '');
  if (id !== undefined && id !== '') return id;
  return textOf(field(item, 'smtp-id'), 400)?.replace(/^<|>$/g, '') ?? null;
}

function campaignOf(item: Fields): string | null {
  for (const name of ['marketing_campaign_name', 'singlesend_name', 'campaign', 'singlesend_id']) {
    const campaign = textOf(field(item, name));
    if (campaign !== null) return campaign;
  }
  const id = field(item, 'marketing_campaign_id');
  return typeof id === 'number' && Number.isSafeInteger(id) ? String(id) : textOf(id);
}
