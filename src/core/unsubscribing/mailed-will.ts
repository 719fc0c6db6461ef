/**
 * Decides whether mail to a copy's address for unsubscribing is a person's will, or their mail program's (RFC 2369 §3.2): not where a machine
 * answers in their place, and not where a server reports something.
 */
import { autoReplyMark } from '../returns/auto-reply.ts';
import { first, openMail } from '../returns/open-mail.ts';

export type MailedWill =
  | { readonly kind: 'will' }
  | { readonly kind: 'none'; readonly why: 'no-sender' | 'report' | 'auto-reply' };

/** @param envelopeFrom empty: the null sender, by which servers alone send (RFC 5321 §4.5.5) */
export function mailedWill(octets: Uint8Array, envelopeFrom: string): MailedWill {
  if (envelopeFrom === '') return { kind: 'none', why: 'no-sender' };
  const { fields, type } = openMail(octets);
  if (type === 'multipart/report' || type === 'message/feedback-report') return { kind: 'none', why: 'report' };
  return isOfMachine(fields) ? { kind: 'none', why: 'auto-reply' } : { kind: 'will' };
}

/** RFC 3834 §5: `auto-generated` is nobody's answer: programs that press the button for a person may say it. */
function isOfMachine(fields: ReturnType<typeof openMail>['fields']): boolean {
  const submitted = (first(fields, 'auto-submitted') ?? '').trim().toLowerCase();
  const others = new Map(
    [...fields].filter(([name]) => name !== 'auto-submitted' || !/^auto-generated\b/.test(submitted)),
  );
  return autoReplyMark(others, first(fields, 'subject') ?? '') !== null;
}
