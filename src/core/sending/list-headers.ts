/**
 * Which fields for mass mail a message's copies get from us: the two by which a recipient unsubscribes at once (RFC 2369,
 * RFC 8058) and Gmail's Feedback-ID. What the sender wrote is never touched, and no signature of the sender's is broken.
 */
import type { MessageClass } from '../delivery/message-class.ts';
import { fieldsNamed, fieldValue, type ReadMessage } from '../message/index.ts';

export interface ListHeaderChoice {
  readonly messageClass: MessageClass;
  /** Headers of mail that comes by SMTP stay as submitted unless the account asks for more. */
  readonly via: 'rest' | 'smtp';
  /** What the message itself asks for; absent: marketing mail has them. */
  readonly unsubscribe: boolean | undefined;
  readonly settings: {
    readonly oneClickUnsubscribe: boolean;
    readonly feedbackId: 'off' | 'opaque' | 'named';
    readonly listFieldsBySmtp: boolean;
  };
}

export interface ListHeaders {
  /** `both`: List-Unsubscribe and List-Unsubscribe-Post. `link`: the sender wrote the latter. */
  readonly unsubscribe: 'both' | 'link' | 'none';
  readonly feedbackId: boolean;
}

export function decideListHeaders(message: ReadMessage, choice: ListHeaderChoice): ListHeaders {
  if (choice.via === 'smtp' && !choice.settings.listFieldsBySmtp) return { unsubscribe: 'none', feedbackId: false };
  const isMarketing = choice.messageClass === 'marketing';
  const wanted = choice.unsubscribe ?? (isMarketing && choice.settings.oneClickUnsubscribe);
  const mayAdd = fieldsThatMayBeAdded(message);
  return {
    unsubscribe: !wanted || !mayAdd('list-unsubscribe') ? 'none' : mayAdd('list-unsubscribe-post') ? 'both' : 'link',
    feedbackId: isMarketing && choice.settings.feedbackId !== 'off' && mayAdd('feedback-id'),
  };
}

/** RFC 6376 §5.4.2, §8.15: a signature may name a field that is not there, so that it breaks when one is added. */
function fieldsThatMayBeAdded(message: ReadMessage): (name: string) => boolean {
  const { fields } = message.root;
  const signed = new Set(
    fieldsNamed(fields, 'dkim-signature').flatMap((field) => namesSigned(fieldValue(message.octets, field))),
  );
  return (name) => !signed.has(name) && fieldsNamed(fields, name).length === 0;
}

function namesSigned(signature: string): string[] {
  const tag = signature.split(';').find((one) => /^\s*h\s*=/.test(one)) ?? '';
  return tag
    .slice(tag.indexOf('=') + 1)
    .split(':')
    .map((name) => name.trim().toLowerCase());
}

/** Gmail's sender id of the last field has 5 to 15 characters. */
const senderId = 'waxwing';

export interface FeedbackParts {
  /** A keyed hash, or its name; null: none. */
  readonly campaign: string | null;
  readonly messageClass: MessageClass;
  /** A keyed hash. */
  readonly account: string;
}

/** https://support.google.com/a/answer/6254652: up to four fields between colons, the sender's own last. */
export const feedbackIdOf = ({ campaign, messageClass, account }: FeedbackParts): string =>
  [plain(campaign ?? 'none'), messageClass, account, senderId].join(':');

/** A colon would begin another field, and the value is ASCII (RFC 5322 §2.2). */
const plain = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/\p{Mn}/gu, '')
    .replace(/[^\w.-]+/g, '-')
    .slice(0, 60)
    .replace(/^-+|-+$/g, '') || 'none';
