/**
 * Makes a MIME message of a REST submission. The same submission with the same id and date gives the same octets. It
 * reads no file and no URL, and takes no header that could contradict or forge one of ours.
 */
import MailComposer from 'nodemailer/lib/mail-composer';
import type { Submission } from '../contract/messages.ts';
import { Problem } from '../contract/problem.ts';
import type { Mailbox } from '../core/message/index.ts';

export interface Letterhead {
  readonly messageId: string;
  readonly date: Date;
  readonly from: Mailbox;
  readonly replyTo: readonly Mailbox[];
  /** The To field when recipients are disclosed; otherwise each copy gets its own at delivery. */
  readonly to: readonly Mailbox[];
}

export function composeMessage(submission: Omit<Submission, 'to'>, letterhead: Letterhead): Promise<Buffer> {
  const composer = new MailComposer({
    disableFileAccess: true,
    disableUrlAccess: true,
    newline: '\r\n',
    baseBoundary: letterhead.messageId.replace(/[^A-Za-z0-9]/g, '').slice(0, 40),
    messageId: letterhead.messageId,
    date: letterhead.date,
    from: written(letterhead.from),
    replyTo: letterhead.replyTo.map(written),
    to: letterhead.to.map(written),
    subject: submission.subject ?? '',
    headers: customHeaders(submission.headers ?? {}),
    attachments: (submission.attachments ?? []).map(attachment),
    ...(submission.text ? { text: encodedText(submission.text) } : {}),
    ...(submission.html ? { html: encodedText(submission.html) } : {}),
  } as ConstructorParameters<typeof MailComposer>[0]);
  return composer.compile().build();
}

const written = (mailbox: Mailbox) => ({ name: mailbox.name ?? '', address: mailbox.address });

/** Always quoted-printable: readable in the raw, safe on every hop, no line too long. */
const encodedText = (content: string) => ({
  // In JSON a CR alone is a harmless line end (WHATWG Infra §4.7 "normalize newlines"); in mail there is none such.
  content: content.replace(/\r(?!\n)/g, '\n'),
  contentTransferEncoding: 'quoted-printable',
});

type Attachment = NonNullable<Submission['attachments']>[number];

const mediaType = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(\s*;\s*[\w!#$&^.+-]+=("[^"\\\r\n]*"|[\w!#$&^.+'/:-]+))*$/;

function attachment(given: Attachment, index: number) {
  const at = `attachments[${index}]`;
  refuseControls(given.filename, `${at}.filename`);
  if (!mediaType.test(given.contentType) || /^multipart\//i.test(given.contentType))
    throw new Problem('message.header_malformed', [
      { field: `${at}.contentType`, message: 'Write it as type/subtype, not multipart.' },
    ]);
  return { filename: given.filename, contentType: given.contentType, content: decodeBase64(given.contentBase64, at) };
}

/**
 * RFC 4648 §3.5, §4: padded, no foreign characters, no stray bits; so encoding it again gives the same text. Line breaks
 * are let pass: many encoders wrap at 76 characters as for MIME.
 */
function decodeBase64(text: string, at: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text.replaceAll(/[\r\n]+/g, ''))
    throw new Problem('attachment.invalid_base64', [
      { field: `${at}.contentBase64`, message: 'Padded base64 of RFC 4648 §4.' },
    ]);
  return bytes;
}

/** Headers that inform or group. Those that name people, structure the message or authenticate it are ours to write. */
const allowedHeaders = new Set([
  ...['auto-submitted', 'comments', 'content-language', 'expires', 'feedback-id', 'importance', 'in-reply-to'],
  ...['keywords', 'list-archive', 'list-help', 'list-id', 'list-owner', 'list-post', 'list-subscribe'],
  ...['list-unsubscribe', 'list-unsubscribe-post', 'organization', 'precedence', 'priority', 'references'],
  ...['reply-by', 'sensitivity', 'thread-index', 'thread-topic'],
]);

function customHeaders(headers: Readonly<Record<string, string>>): { key: string; value: string }[] {
  const seen = new Set<string>();
  return Object.entries(headers).map(([key, value], index) => {
    const name = key.toLowerCase();
    const field = `headers[${index}]`;
    refuseControls(value, field);
    if (!/^[\x21-\x39\x3b-\x7e]+$/.test(key))
      throw new Problem('message.header_malformed', [{ field, message: 'The name is not a header name.' }]);
    if (!isAllowed(name)) throw new Problem('message.header_not_allowed', [{ field, message: 'Not one to set here.' }]);
    if (seen.has(name)) throw new Problem('message.header_malformed', [{ field, message: 'The name comes twice.' }]);
    seen.add(name);
    return { key, value };
  });
}

const isAllowed = (name: string): boolean =>
  allowedHeaders.has(name) || (/^x-[\w-]+$/.test(name) && !name.startsWith('x-waxwing-'));

/** A line break in a header value would begin a header of the caller's choice (RFC 5322 §2.2). */
export function refuseControls(text: string, field: string): void {
  if (/[\p{Cc}\u2028\u2029]/u.test(text))
    throw new Problem('message.header_malformed', [{ field, message: 'It holds a line break or control character.' }]);
}
