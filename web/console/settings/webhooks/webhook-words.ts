/** Webhooks in words for somebody who is not an engineer. */
import type {
  WebhookDelivery,
  WebhookEndpoint,
  WebhookEventType,
  WebhookOutcome,
} from '../../../../src/contract/webhooks.ts';
import { moment } from '../../../shared/format.ts';

const known: Readonly<Partial<Record<WebhookEventType, string>>> = {
  'message.accepted': 'Accepted for sending',
  'message.deferred': 'Delayed, and tried again',
  'message.delivered': 'Delivered',
  'message.bounced': 'Returned',
  'message.dropped': 'Not sent any more',
  'message.opened': 'Opened by a person',
  'message.clicked': 'Clicked by a person',
  'message.opened.automated': 'Opened by a machine',
  'message.clicked.automated': 'Clicked by a machine',
  'message.erased': 'Erased',
};

export const typeWords = (type: string): string => {
  if (type === 'webhook.test') return 'Test';
  const plain = type.replace(/^message\./, '').replace(/[-.]/g, ' ');
  return known[type as WebhookEventType] ?? plain.charAt(0).toUpperCase() + plain.slice(1);
};

export const outcomeWords: Readonly<Record<WebhookOutcome, string>> = {
  delivered: 'Taken',
  gone: 'It says that it is gone for good',
  busy: 'It asked to be left alone for a while',
  redirected: 'It pointed elsewhere, which is not followed',
  refused: 'It answered that something was wrong',
  timed_out: 'It did not answer in time',
  unreachable: 'It could not be reached',
  tls_failed: 'Its certificate was not accepted',
  address_refused: 'Its name leads into a private network',
};

export function stateWords(one: WebhookEndpoint, zone: string): string {
  if (one.disabledBecause === 'gone') return 'Switched off: the receiver said that it is gone.';
  if (one.disabledBecause === 'failing') return 'Switched off: nothing was taken for three days.';
  if (!one.isEnabled) return 'Switched off.';
  const next = one.nextTryAt === null ? '' : ` Next try ${moment(one.nextTryAt, zone)}.`;
  if (one.failingSince !== null) return `Failing since ${moment(one.failingSince, zone)}.${next}`;
  return one.lastSequence === 0 ? 'Nothing was told yet.' : `All is well. The last number is ${one.lastSequence}.`;
}

export function deliveryWords({ state, attempts, nextTryAt }: WebhookDelivery, zone: string): string {
  const [last] = attempts;
  const said = last === undefined ? 'Not tried yet' : outcomeWords[last.outcome];
  const status = last?.status == null ? '' : ` (${last.status})`;
  if (state === 'delivered') return `${said}${status}`;
  if (state === 'given_up') return `Given up. ${said}${status}`;
  return nextTryAt === null || last === undefined ? said : `${said}${status}. Next try ${moment(nextTryAt, zone)}`;
}
