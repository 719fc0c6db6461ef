/**
 * Whether a refusal within the session says that the recipient does not exist, by the same reading as for mail that comes
 * back later. Only the answer to RCPT speaks of the address by itself; after DATA it must say so by its code.
 */
import { bounceKindOf } from './reason.ts';

export interface SessionRefusal {
  readonly stage: string;
  readonly code: number;
  /** As the server wrote it. */
  readonly reply: string;
}

const enhanced = /^\s*(?:5\d\d[ -])?\s*(5\.\d{1,3}\.\d{1,3})\b/;
/** RFC 3463 §3.2 and RFC 7505 §4.2, of those that speak of the mailbox or its domain. */
const ofTheAddress = new Set(['5.1.1', '5.1.2', '5.1.3', '5.1.6', '5.1.10']);

export function saysGone({ stage, code, reply }: SessionRefusal): boolean {
  if (code < 500 || code > 599) return false;
  const status = enhanced.exec(reply)?.[1] ?? null;
  if (stage !== 'rcpt' && !(['data', 'body'].includes(stage) && ofTheAddress.has(status ?? ''))) return false;
  // What the address itself is called says nothing.
  return bounceKindOf({ status, words: reply.replace(/<[^<>]*>/g, '') }) === 'hard';
}
