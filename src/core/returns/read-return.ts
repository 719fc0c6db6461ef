/**
 * Decides what a mail is that came back to the envelope sender of one recipient's copy: a bounce and why, a delay, a
 * complaint, an auto-reply, a person. What is not understood is said to be so and counts against nobody.
 */
import { decodeHeaderText } from '../message/header-text.ts';
import { autoReplyMark } from './auto-reply.ts';
import { readBounceText } from './bounce-text.ts';
import { type DsnRecipient, readDeliveryStatus } from './delivery-status.ts';
import { first, type OpenMail, openMail, readFields } from './open-mail.ts';
import { type BounceKind, bounceKindOf } from './reason.ts';

export interface Refusal {
  readonly bounce: BounceKind;
  readonly status: string | null;
  /** The remote's words: they may name people. */
  readonly said: string | null;
}

export type Returned =
  | ({ readonly what: 'bounced' } & Refusal)
  /** They go on trying: nothing is over. */
  | ({ readonly what: 'delayed' } & Refusal)
  /** `feedback`: the type that RFC 5965 §3.1 names. */
  | { readonly what: 'complained'; readonly feedback: string }
  /** `mark`: by which of its signs it was known. */
  | { readonly what: 'auto-replied'; readonly mark: string }
  /** A person answered. */
  | { readonly what: 'replied' }
  /** Nothing that changes anything: `delivered`, `read`, `relayed`, a report that withdraws a complaint, or not understood. */
  | { readonly what: 'noted'; readonly note: 'delivered' | 'read' | 'not-spam' | 'not-understood' };

/** @param address of the recipient, to tell the one of whom a report of several speaks. */
export function readReturn(octets: Uint8Array, address: string | null = null): Returned {
  const mail = openMail(octets);
  const subject = decodeHeaderText(first(mail.fields, 'subject') ?? '').slice(0, 1_000);
  return (
    readFeedback(mail, subject) ??
    readReceipt(mail, subject) ??
    readReport(mail, subject, address) ??
    readWords(mail, subject) ??
    readAnswer(mail, subject)
  );
}

const leafOf = (mail: OpenMail, ...types: readonly string[]) => mail.leaves.find(({ type }) => types.includes(type));

/** RFC 5965; and Microsoft's junk mail reports, which bring the message and a subject of their own. */
function readFeedback(mail: OpenMail, subject: string): Returned | null {
  const report = leafOf(mail, 'message/feedback-report');
  if (report !== undefined) {
    const feedback = (first(readFields(report.text), 'feedback-type') ?? 'abuse').trim().toLowerCase().slice(0, 40);
    // RFC 6591 and RFC 6650 §4.4: failures of authentication are about the domain, not said by the recipient.
    if (['auth-failure', 'dkim', 'dmarc'].includes(feedback)) return { what: 'noted', note: 'not-understood' };
    return feedback === 'not-spam' ? { what: 'noted', note: 'not-spam' } : { what: 'complained', feedback };
  }
  const isJunkReport =
    /^complaint about message from /i.test(subject) ||
    mail.fields.has('x-hmxmroriginalrecipient') ||
    mail.fields.has('x-jmrp');
  return isJunkReport && leafOf(mail, 'message/rfc822', 'text/rfc822-headers') !== undefined
    ? { what: 'complained', feedback: 'abuse' }
    : null;
}

/** RFC 8098 §3. */
function readReceipt(mail: OpenMail, subject: string): Returned | null {
  const receipt = leafOf(mail, 'message/disposition-notification', 'message/global-disposition-notification');
  if (receipt === undefined) return null;
  const disposition = first(readFields(receipt.text), 'disposition') ?? '';
  if (/displayed/i.test(disposition)) return { what: 'noted', note: 'read' };
  // Some filters in mailboxes refuse a message by such a receipt (RFC 5429 §2.1.2 has them say why in words).
  const refused = /deleted|denied|failed/i.test(disposition) ? readWords(mail, subject) : null;
  return refused ?? { what: 'noted', note: 'not-understood' };
}

/** RFC 3464. */
function readReport(mail: OpenMail, subject: string, address: string | null): Returned | null {
  const part = leafOf(mail, 'message/delivery-status', 'message/global-delivery-status', 'message/delivery_status');
  const entries = part === undefined ? [] : readDeliveryStatus(part.text);
  const entry = entryOf(entries, address);
  if (entry === undefined) return null;
  if (entry.action === 'delivered' || entry.action === 'relayed' || entry.action === 'expanded')
    return { what: 'noted', note: 'delivered' };
  const said = entry.diagnostic;
  const human = readBounceText(mail, subject);
  const status = betterStatus(entry.status, said);
  const words = said ?? human?.said ?? '';
  const kind = bounceKindOf({ status, words });
  // Some put the reason only into the text for people.
  const bounce = kind === 'unknown' && human !== null ? human.kind : kind;
  return { what: entry.action === 'failed' ? 'bounced' : 'delayed', bounce, status, said: said ?? human?.said ?? null };
}

/**
 * The entry of our recipient; else the worst, but of a report that also tells of a success only what is ours: the mail went
 * on to several (RFC 3464 §2.3.3, expanded), and that one of them is gone says nothing of our address.
 */
function entryOf(entries: readonly DsnRecipient[], address: string | null): DsnRecipient | undefined {
  const wanted = address?.toLowerCase();
  const own = entries.filter(({ final, original }) => [final, original].some((one) => one?.toLowerCase() === wanted));
  const candidates = own.length > 0 ? own : entries;
  const success = candidates.find(({ action }) => action !== 'failed' && action !== 'delayed');
  if (success !== undefined) return success;
  return candidates.find(({ action }) => action === 'failed') ?? candidates[0];
}

/** A field of 5.0.0 says less than the 5.1.1 in the remote's own words. */
function betterStatus(field: string | null, said: string | null): string | null {
  const inWords = /\b([45]\.\d{1,3}\.\d{1,3})\b(?!\.\d)/.exec(said ?? '')?.[1] ?? null;
  if (field === null) return inWords;
  return /^[45]\.0\.0$/.test(field) && inWords?.[0] === field[0] ? inWords : field;
}

function readWords(mail: OpenMail, subject: string): Returned | null {
  if (
    mail.fields.has('in-reply-to') &&
    autoReplyMark(mail.fields, subject) !== null &&
    !mail.fields.has('x-failed-recipients')
  )
    return null; // what answers a message and says that a machine did is a vacation note, whatever it talks about
  const found = readBounceText(mail, subject);
  if (found === null) return null;
  const { kind: bounce, status, said, isWarning } = found;
  return { what: isWarning ? 'delayed' : 'bounced', bounce, status, said };
}

function readAnswer(mail: OpenMail, subject: string): Returned {
  const mark = autoReplyMark(mail.fields, subject);
  if (mark !== null) return { what: 'auto-replied', mark };
  const from = first(mail.fields, 'from') ?? '';
  return /@/.test(from) ? { what: 'replied' } : { what: 'noted', note: 'not-understood' };
}
