/**
 * Resend: one `{ type, created_at, data }` a call. It tells no address and no agent of an open.
 * https://resend.com/docs/dashboard/webhooks/event-types
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
  listOf,
  replyOf,
  textOf,
  urlOf,
} from './read-fields.ts';

const kinds: Readonly<Record<string, ProviderEventKind>> = {
  'email.sent': 'accepted',
  'email.delivered': 'delivered',
  'email.delivery_delayed': 'deferred',
  'email.bounced': 'bounced',
  'email.failed': 'dropped',
  'email.suppressed': 'dropped',
  'email.opened': 'open',
  'email.clicked': 'click',
};

const maxRecipients = 100;

export const readResend: ReadItem = (item) => {
  const name = textOf(field(item, 'type')) ?? '';
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  if (kind === undefined) return ignored;
  const data = fieldsOf(field(item, 'data'));
  const to = field(data, 'to');
  const named = typeof to === 'string' ? [to] : listOf(to);
  if (named.length === 0) return refused('The event has no usable recipient address.');
  if (named.length > maxRecipients) return refused('The event names more than 100 recipients.');
  const isForNobody = (kind === 'open' || kind === 'click') && named.length > 1;
  const recipients = isForNobody ? [null] : named.map(addressOf);
  const hit = fieldsOf(field(data, kind === 'click' ? 'click' : 'open'));
  const toldAt = textOf(field(hit, 'timestamp')) ?? textOf(field(item, 'created_at'));
  const shared = {
    kind,
    atMs: instantOf(toldAt),
    messageId: textOf(field(data, 'email_id')),
    campaign: campaignOf(data),
    sender: addressOf(field(data, 'from')),
    sentAtMs: instantOf(field(data, 'created_at')),
    ip: ipOf(field(hit, 'ipAddress')),
    userAgent: agentOf(field(hit, 'userAgent')),
    url: urlOf(field(hit, 'link')),
    reply: replyOf(field(fieldsOf(field(data, 'bounce')), 'message')),
  };
  return recipients.map((recipient) =>
    built({
      ...shared,
      recipient,
      isForNobody,
      eventId: derivedId(name, shared.messageId, recipient, toldAt, shared.ip, shared.userAgent, shared.url),
    }),
  );
};

/** Tags come as an object, in older payloads as a list of names and values. */
function campaignOf(data: Fields): string | null {
  const tags = field(data, 'tags');
  const listed = listOf(tags).map(fieldsOf);
  const tag = (name: string): string | null =>
    textOf(field(tags, name)) ??
    textOf(
      field(
        listed.find((one) => field(one, 'name') === name),
        'value',
      ),
    );
  return tag('campaign') ?? tag('category') ?? textOf(field(data, 'broadcast_id'));
}
