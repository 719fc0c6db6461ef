/**
 * Decides what becomes of a recipient after an attempt: delivered, tried again, or bounced, and why. It sees what the
 * next hop answered, never the message.
 */
import { type RetryPolicy, retryAfterMs } from './backoff.ts';
import type { Why } from './reasons.ts';

/** How far the attempt had come. Before `mail` the next hop has not heard of this message. */
export type Stage = 'connect' | 'greeting' | 'hello' | 'tls' | 'auth' | 'mail' | 'rcpt' | 'data' | 'body';

/** What an attempt came to, as the wire told it. */
export type AttemptEnd =
  | { readonly kind: 'taken' }
  | { readonly kind: 'refused'; readonly stage: Stage; readonly code: number }
  | { readonly kind: 'failed'; readonly why: Why }
  /** Cannot succeed at this next hop, whatever the hour. */
  | { readonly kind: 'impossible'; readonly why: Why };

export interface AttemptAge {
  /** Attempts made, this one included. */
  readonly attempts: number;
  /** Since the message was first due. */
  readonly ageMs: number;
  /** From 0 up to 1, drawn by the caller. */
  readonly chance: number;
}

export type Outcome =
  | { readonly kind: 'delivered'; readonly why: Why }
  | { readonly kind: 'retry'; readonly afterMs: number; readonly why: Why }
  | { readonly kind: 'bounce'; readonly why: Why };

export function outcomeOf(end: AttemptEnd, age: AttemptAge, policy: RetryPolicy): Outcome {
  if (end.kind === 'taken') return { kind: 'delivered', why: 'accepted' };
  const verdict = end.kind === 'refused' ? verdictOnReply(end.stage, end.code) : verdictOnFailure(end);
  if (verdict.permanent) return { kind: 'bounce', why: verdict.why };
  // RFC 5321 §4.5.4.1: give up after some days, and say so.
  if (age.ageMs >= policy.expiryMs) return { kind: 'bounce', why: 'expired' };
  const remainingMs = policy.expiryMs - age.ageMs;
  return { kind: 'retry', afterMs: Math.min(retryAfterMs(age, policy), remainingMs), why: verdict.why };
}

interface Verdict {
  readonly permanent: boolean;
  readonly why: Why;
}

const verdictOnFailure = (end: { readonly kind: string; readonly why: Why }): Verdict => ({
  permanent: end.kind === 'impossible',
  why: end.why,
});

/** RFC 4954 §4 and §6: these speak of our login, not of the message. Bouncing mail for our own fault helps nobody. */
const loginCodes = new Set([530, 534, 535, 538]);

function verdictOnReply(stage: Stage, code: number): Verdict {
  if (stage === 'auth' || loginCodes.has(code)) return { permanent: false, why: 'reply.bad_login' };
  // A 5xx before MAIL FROM is about the host or the session, and another hour or another host may do better.
  if (aboutTheSession(stage)) return { permanent: false, why: 'reply.unwelcome_session' };
  // RFC 5321 §4.5.3.1.10: 552 to RCPT means too many recipients, which clients treat as 452.
  if (code === 552 && stage === 'rcpt') return { permanent: false, why: 'reply.mailbox_full' };
  // RFC 5321 §4.2.1: the first digit alone decides.
  const permanent = code >= 500 && code <= 599;
  return { permanent, why: permanent ? 'reply.permanent' : 'reply.temporary' };
}

const aboutTheSession = (stage: Stage): boolean =>
  stage === 'connect' || stage === 'greeting' || stage === 'hello' || stage === 'tls';
