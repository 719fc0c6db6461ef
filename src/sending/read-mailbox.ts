/** Reads the addresses that a REST caller wrote, and says what is wrong with them by the name of their field. */
import { domainToASCII } from 'node:url';
import { Problem } from '../contract/problem.ts';
import { type Mailbox, parseAddressList } from '../core/message/index.ts';
import { refuseControls } from './compose-message.ts';

export const asciiDomain = (domain: string): string => domainToASCII(domain) || domain;

/** RFC 5321 §4.5.3.1.3: a path is at most 256 octets, angle brackets included. */
const addressOctetsMax = 254;

/** One mailbox, as a person writes it; null when it is not one. */
export function readMailbox(text: string): Mailbox | null {
  const parsed = /\p{Cc}/u.test(text) ? null : parseAddressList(text);
  if (parsed?.kind !== 'addresses' || parsed.mailboxes.length !== 1) return null;
  const mailbox = parsed.mailboxes[0];
  return mailbox !== undefined && Buffer.byteLength(mailbox.address) <= addressOctetsMax ? mailbox : null;
}

export function readFrom(text: string): Mailbox {
  refuseControls(text, 'from');
  const mailbox = readMailbox(text);
  if (mailbox === null) throw new Problem('message.invalid_from', [{ field: 'from', message: 'Not one address.' }]);
  return mailbox;
}

export function readReplyTo(text: string): readonly Mailbox[] {
  refuseControls(text, 'replyTo');
  const parsed = parseAddressList(text);
  if (parsed.kind === 'addresses') return parsed.mailboxes;
  throw new Problem('message.invalid_address', [{ field: 'replyTo', message: 'Not an address or list of addresses.' }]);
}
