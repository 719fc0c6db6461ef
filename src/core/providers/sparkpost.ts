/**
 * SparkPost (Bird): an array of `{ msys: { <class>_event: { type, … } } }`.
 * https://support.sparkpost.com/docs/tech-resources/webhook-event-reference
 */
import { built } from './build-event.ts';
import { type Fields, ignored, type ProviderEventKind, type ReadItem } from './provider-event.ts';
import {
  addressOf,
  agentOf,
  derivedId,
  field,
  fieldsOf,
  instantOf,
  ipOf,
  isFields,
  replyOf,
  secondsOf,
  tagsOf,
  textOf,
  urlOf,
} from './read-fields.ts';

const kinds: Readonly<Record<string, ProviderEventKind>> = {
  injection: 'accepted',
  delivery: 'delivered',
  delay: 'deferred',
  bounce: 'bounced',
  out_of_band: 'bounced',
  policy_rejection: 'dropped',
  generation_failure: 'dropped',
  generation_rejection: 'dropped',
  open: 'open',
  initial_open: 'open',
  amp_open: 'open',
  amp_initial_open: 'open',
  click: 'click',
  amp_click: 'click',
};

const classes = ['track_event', 'message_event', 'gen_event'];

export const readSparkPost: ReadItem = (item) => {
  const event = eventOf(item);
  const name = textOf(field(event, 'type')) ?? '';
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  if (kind === undefined) return ignored;
  const atMs = timeOf(field(event, 'timestamp'));
  const messageId = textOf(field(event, 'message_id'));
  const recipient = addressOf(field(event, 'rcpt_to')) ?? addressOf(field(event, 'raw_rcpt_to'));
  const ip = ipOf(field(event, 'ip_address'));
  const url = urlOf(field(event, 'target_link_url'));
  return [
    built({
      kind,
      eventId: idOf(field(event, 'event_id')) ?? derivedId(name, messageId, recipient, atMs, ip, url),
      atMs,
      messageId,
      recipient,
      campaign: textOf(field(event, 'campaign_id')),
      tags: tagsOf(field(event, 'rcpt_tags')),
      sender: addressOf(field(event, 'friendly_from')),
      sentAtMs: timeOf(field(event, 'injection_time')),
      ip,
      userAgent: agentOf(field(event, 'user_agent')),
      url,
      reply: replyOf(field(event, 'raw_reason')) ?? replyOf(field(event, 'reason')),
      says: isPrefetched(event) ? 'prefetch' : null,
    }),
  ];
};

function eventOf(item: Fields): Fields {
  const msys = fieldsOf(field(item, 'msys'));
  for (const name of classes) {
    const event = field(msys, name);
    if (isFields(event)) return event;
  }
  return {};
}

const timeOf = (value: unknown): number | null => secondsOf(value) ?? instantOf(value);

const idOf = (value: unknown): string | null =>
  typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : textOf(value);

/** Beside the event in some versions, among what was read from the agent in others. */
const isPrefetched = (event: Fields): boolean =>
  field(event, 'is_prefetched') === true ||
  field(fieldsOf(field(event, 'user_agent_parsed')), 'is_prefetched') === true;
