/** Decides whether a copy that one host did not take may be tried at the next one at once, without a chance of two copies. */
import type { AttemptEnd } from './outcome.ts';
import type { Why } from './reasons.ts';

export interface HostAnswer {
  readonly end: AttemptEnd;
  /** A session came about: it heard of the message. */
  readonly reached: boolean;
  /** Bytes of the message were on their way: without an answer nobody knows whether it has it (RFC 1047). */
  readonly bodyBegan: boolean;
  readonly reply: string;
}

/** 4.7.x is about us, not about the host: its neighbours would say the same, and trying them all makes it worse. */
const aboutUs = /^\d{3}[ -]4\.7\./;

export function mayTryNextHost({ end, reached, bodyBegan, reply }: HostAnswer, via: 'relay' | 'mx'): boolean {
  if (!reached) return true;
  if (bodyBegan || end.kind === 'taken' || end.kind === 'impossible') return false;
  if (end.kind === 'failed') return true;
  if (end.code >= 500) return false;
  // RFC 5321 §3.8: the service ends for now. A relay that takes no sender now is as good as away: another one may.
  if (via === 'relay') return end.code === 421 || end.stage === 'mail';
  return end.code === 421 && !aboutUs.test(reply);
}

/** What an answer says of the host’s health. Null: nothing, as when policy or the message was in the way. */
export function hostFault({ end, reached, bodyBegan }: HostAnswer): Why | 'none' | null {
  if (end.kind === 'failed') {
    if (/^(connection|dns)\./.test(end.why)) return bodyBegan ? null : end.why;
    return end.why === 'reply.bad_login' ? end.why : null;
  }
  if (end.kind === 'refused' && !reached) return end.stage === 'auth' ? 'reply.bad_login' : 'reply.unwelcome_session';
  return reached ? 'none' : null;
}
