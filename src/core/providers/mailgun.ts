/**
 * Mailgun: one `{ signature, event-data }` a call; its Events API has the same events bare, under `items`.
 * https://documentation.mailgun.com/docs/mailgun/user-manual/events/
 */
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
  isFields,
  listOf,
  replyOf,
  secondsOf,
  tagsOf,
  textOf,
  urlOf,
} from './read-fields.ts';

const kinds: Readonly<Record<string, ProviderEventKind>> = {
  accepted: 'accepted',
  delivered: 'delivered',
  rejected: 'dropped',
  opened: 'open',
  clicked: 'click',
};

export const readMailgun: ReadItem = (item) => {
  const wrapped = field(item, 'event-data');
  const data = isFields(wrapped) ? wrapped : item;
  const name = textOf(field(data, 'event')) ?? '';
  const kind = kindOf(name, data);
  if (kind === undefined) return ignored;
  const atMs = secondsOf(field(data, 'timestamp'));
  const recipient = addressOf(field(data, 'recipient'));
  const messageId = messageIdOf(data);
  const status = fieldsOf(field(data, 'delivery-status'));
  const client = fieldsOf(field(data, 'client-info'));
  const url = urlOf(field(data, 'url'));
  const tags = tagsOf(field(data, 'tags'));
  return [
    built({
      kind,
      eventId: textOf(field(data, 'id')) ?? derivedId(name, messageId, recipient, atMs, url),
      atMs,
      messageId,
      recipient,
      campaign: campaignOf(data) ?? tags[0] ?? null,
      tags,
      sentAtMs: sentAtOf(messageId),
      ip: ipOf(field(data, 'ip')),
      userAgent: agentOf(field(client, 'user-agent')),
      url,
      mx: hostOf(field(status, 'mx-host')),
      reply: replyOf(field(status, 'message')) ?? replyOf(field(status, 'description')),
      says: saysOf(textOf(field(client, 'bot'))),
    }),
  ];
};

/** `failed` is either of two things: https://documentation.mailgun.com/docs/mailgun/user-manual/tracking-messages/tracking-failures */
function kindOf(name: string, data: Fields): ProviderEventKind | undefined {
  if (name === 'failed') {
    if (field(data, 'severity') === 'temporary') return 'deferred';
    return textOf(field(data, 'reason'))?.startsWith('suppress') === true ? 'dropped' : 'bounced';
  }
  return Object.hasOwn(kinds, name) ? kinds[name] : undefined;
}

const messageIdOf = (data: Fields): string | null =>
  textOf(field(fieldsOf(field(fieldsOf(field(data, 'message')), 'headers')), 'message-id'), 400)?.replace(
    /^<|>$/g,
    '',
  ) ?? null;

/** Mailgun's own message ids begin with the second in which the message was taken: `20261122120000.…@mg.example`. */
function sentAtOf(messageId: string | null): number | null {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)\./.exec(messageId ?? '');
  if (match === null) return null;
  const [, year, month, day, hour, minute, second] = match;
  return instantOf(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

function campaignOf(data: Fields): string | null {
  const own = textOf(field(fieldsOf(field(data, 'user-variables')), 'campaign'));
  const [first] = listOf(field(data, 'campaigns'));
  return own ?? textOf(field(fieldsOf(first), 'name')) ?? textOf(field(fieldsOf(first), 'id'));
}

/**
 * `apple` and `gmail` fetch before anybody looks, `generic` is a firewall or scanner.
 * https://documentation.mailgun.com/docs/mailgun/user-manual/tracking-messages/open-click-bot-detect
 */
function saysOf(bot: string | null): 'prefetch' | 'machine' | null {
  if (bot === null) return null;
  if (bot === 'apple' || bot === 'gmail') return 'prefetch';
  return bot === 'generic' ? 'machine' : null;
}
