/** Reads a delivery status notification's own part (RFC 3464, RFC 6533): what became of each recipient it speaks of. */
import { type Fields, first, readFields } from './open-mail.ts';

export type DsnAction = 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded';

export interface DsnRecipient {
  readonly action: DsnAction;
  /** As reported last, without its type. */
  readonly final: string | null;
  /** As we wrote it, where the server tells. */
  readonly original: string | null;
  readonly status: string | null;
  /** The remote server's words. */
  readonly diagnostic: string | null;
}

const maxRecipients = 200;
const telling = ['action', 'status', 'final-recipient', 'original-recipient', 'diagnostic-code'];

/** RFC 3464 §2.1: blocks of fields; what is not about a recipient is about the message. */
export function readDeliveryStatus(text: string): DsnRecipient[] {
  const blocks = text.split(/\r?\n[ \t]*(?:\r?\n)+/).slice(0, maxRecipients);
  return blocks.map(readFields).flatMap(recipientOf);
}

function recipientOf(fields: Fields): DsnRecipient[] {
  if (!telling.some((name) => fields.has(name))) return [];
  const status = /\b([245]\.\d{1,3}\.\d{1,3})\b/.exec(first(fields, 'status') ?? '')?.[1] ?? null;
  const final = addressOf(first(fields, 'final-recipient'));
  const original = addressOf(first(fields, 'original-recipient'));
  const diagnostic = wordsOf(first(fields, 'diagnostic-code')) ?? remarkOf(first(fields, 'status'));
  if (final === null && original === null && status === null && !fields.has('action')) return [];
  return [{ action: actionOf(first(fields, 'action'), status), final, original, status, diagnostic }];
}

/** Behind the status, or in its place: some servers say there what they have no other field for. */
const remarkOf = (value: string | undefined): string | null => {
  const remark = value
    ?.replace(/^\s*[245]\.\d{1,3}\.\d{1,3}\s*/, '')
    .replace(/^\(|\)\s*$/g, '')
    .trim();
  return remark === undefined || remark === '' ? null : remark;
};

/** Some write `failure`, some nothing: then the status's class tells (RFC 3463 §2). */
function actionOf(written: string | undefined, status: string | null): DsnAction {
  const word = /^[a-z]+/.exec((written ?? '').trim().toLowerCase())?.[0] ?? '';
  if (word.startsWith('fail')) return 'failed';
  if (word.startsWith('delay')) return 'delayed';
  if (word === 'delivered' || word === 'relayed' || word === 'expanded') return word;
  return status?.startsWith('2') ? 'delivered' : status?.startsWith('4') ? 'delayed' : 'failed';
}

const addressOf = (value: string | undefined): string | null => {
  const text = wordsOf(value)?.replace(/^<|>$/g, '').trim();
  return text === undefined || text === '' ? null : text;
};

/** RFC 3464 §2.1.2: `type; text`. */
const wordsOf = (value: string | undefined): string | null => {
  const text = value?.replace(/^\s*[\w.-]+\s*;/, '').trim();
  return text === undefined || text === '' ? null : text;
};
