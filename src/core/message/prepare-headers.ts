/**
 * Reads the fields of a message that steer Waxwing and says which header octets will change: the three X-Waxwing fields and
 * Bcc go, a missing Date or Message-ID is announced, To may be replaced. Every other octet and the order of fields stay.
 */
import { type Mailbox, parseAddressList } from './addresses.ts';
import { fieldsNamed, fieldValue, type HeaderField } from './header-fields.ts';
import { decodeHeaderText } from './header-text.ts';
import { type MessageRefusal, refuse } from './limits.ts';
import { listUnsubscribeUrls } from './link-meaning.ts';
import type { ReadMessage } from './read-message.ts';
import { readSenderDomains } from './sender-domains.ts';

export type Span = readonly [start: number, end: number];

/** Header octets that change in every copy; part of the plan. */
export interface HeaderEdits {
  /** Whole fields that go. */
  readonly removals: readonly Span[];
  /** The first To field: what a per-recipient To replaces. */
  readonly to: Span | null;
  /** Further To fields: they go when To is replaced. */
  readonly furtherTo: readonly Span[];
  /** Where new fields go: after the last one. */
  readonly insertAt: number;
  /** The header block ends the message without a line end of its own. */
  readonly isLineEndMissing: boolean;
  readonly isDateMissing: boolean;
  readonly isMessageIdMissing: boolean;
}

export interface PreparedHeaders {
  readonly kind: 'headers';
  readonly from: Mailbox;
  /** That the Sender field names, as they are compared. */
  readonly senderDomains: readonly string[];
  /** Decoded, for people; null when absent. */
  readonly subject: string | null;
  /** As written, with its angle brackets; null when absent. */
  readonly messageId: string | null;
  readonly campaign: string | null;
  readonly tags: readonly string[];
  /** What X-Waxwing-Track asks for; null when absent. */
  readonly track: { readonly opens: boolean; readonly clicks: boolean } | null;
  readonly edits: HeaderEdits;
}

/** RFC 5321 §6.3: simple counting finds loops, with a threshold of at least 100. */
const receivedAtMost = 100;
const ownFields = new Set(['x-waxwing-campaign', 'x-waxwing-tags', 'x-waxwing-track']);
// RFC 5322 §3.6.3 leaves it to the sender's side to keep blind copies blind, and RFC 6409 §8 lets a submission server put a
// message right. A Bcc field that goes on tells every recipient who else got the mail; Postfix drops these two as well.
const blindFields = new Set(['bcc', 'resent-bcc']);

export function prepareHeaders(message: ReadMessage): PreparedHeaders | MessageRefusal {
  if (fieldsNamed(message.root.fields, 'received').length > receivedAtMost)
    return refuse('message.mail_loop', 'It has more Received fields than any way has servers.');
  const from = readFrom(message);
  if ('kind' in from) return from;
  const senderDomains = readSenderDomains(message);
  if ('kind' in senderDomains) return senderDomains;
  const track = readTrack(message);
  if (track && 'kind' in track) return track;
  return {
    kind: 'headers',
    from,
    senderDomains,
    subject: textOf(message, 'subject'),
    messageId: textOf(message, 'message-id') || null,
    campaign: textOf(message, 'x-waxwing-campaign') || null,
    tags: readTags(message),
    track,
    edits: headerEdits(message),
  };
}

export function headerEdits(message: ReadMessage): HeaderEdits {
  const { fields } = message.root;
  const [to, ...furtherTo] = fieldsNamed(fields, 'to').map(spanOf);
  const { octets, headerEnd } = message;
  return {
    removals: fields.filter(({ name }) => ownFields.has(name) || blindFields.has(name)).map(spanOf),
    to: to ?? null,
    furtherTo,
    insertAt: headerEnd,
    isLineEndMissing: headerEnd > 0 && octets[headerEnd - 1] !== 0x0a,
    isDateMissing: fieldsNamed(fields, 'date').length === 0,
    isMessageIdMissing: fieldsNamed(fields, 'message-id').length === 0,
  };
}

/** The addresses of every List-Unsubscribe field, as written. */
export function readUnsubscribeUrls(message: ReadMessage): string[] {
  return fieldsNamed(message.root.fields, 'list-unsubscribe').flatMap((field) =>
    listUnsubscribeUrls(fieldValue(message.octets, field)),
  );
}

function spanOf(field: HeaderField): Span {
  return [field.start, field.end];
}

function textOf(message: ReadMessage, name: string): string | null {
  const field = fieldsNamed(message.root.fields, name)[0];
  return field ? decodeHeaderText(fieldValue(message.octets, field)) : null;
}

/** RFC 5322 §3.6: exactly one From field. Several authors would leave it open whose domain vouches (RFC 9989 refuses too). */
function readFrom(message: ReadMessage): Mailbox | MessageRefusal {
  const fields = fieldsNamed(message.root.fields, 'from');
  const field = fields[0];
  if (!field) return refuse('message.no_from', 'The message has no From field.');
  if (fields.length > 1) return refuse('message.multiple_from', 'The message has more than one From field.');
  const parsed = parseAddressList(fieldValue(message.octets, field));
  if (parsed.kind === 'refused') {
    const why = parsed.code === 'address.empty' ? 'The From field holds no address.' : `From: ${parsed.why}`;
    return refuse(parsed.code === 'address.empty' ? 'message.no_from' : 'message.from_malformed', why);
  }
  const [author, ...others] = parsed.mailboxes;
  if (!author || others.length > 0)
    return refuse('message.multiple_from', 'The From field holds more than one address.');
  return author;
}

function readTags(message: ReadMessage): string[] {
  const values = fieldsNamed(message.root.fields, 'x-waxwing-tags').map((field) => fieldValue(message.octets, field));
  const tags = values.flatMap((value) => decodeHeaderText(value).split(',')).map((tag) => tag.trim());
  return [...new Set(tags.filter((tag) => tag !== ''))];
}

/** Several fields: the strictest wins, as everywhere with tracking. */
function readTrack(message: ReadMessage): PreparedHeaders['track'] | MessageRefusal {
  let track: { opens: boolean; clicks: boolean } | null = null;
  for (const field of fieldsNamed(message.root.fields, 'x-waxwing-track')) {
    const words = decodeHeaderText(fieldValue(message.octets, field))
      .toLowerCase()
      .split(/[\s,]+/)
      .filter(Boolean);
    if (words.length === 0) continue;
    const isOff = words.length === 1 && words[0] === 'off';
    if (!isOff && !words.every((word) => word === 'opens' || word === 'clicks'))
      return refuse('message.track_header_unknown', 'X-Waxwing-Track takes "opens", "clicks", both, or "off".');
    const asked = { opens: words.includes('opens'), clicks: words.includes('clicks') };
    track = track ? { opens: track.opens && asked.opens, clicks: track.clicks && asked.clicks } : asked;
  }
  return track;
}
