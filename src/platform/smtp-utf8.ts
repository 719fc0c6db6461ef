/**
 * What of a copy goes beyond ASCII, and how it goes to a host (RFC 6531): addresses in its envelope, fields in its header. It
 * changes no byte of the copy and sends nothing by itself.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { domainToASCII } from 'node:url';
import type SMTPConnection from 'nodemailer/lib/smtp-connection';

export interface Envelope {
  readonly from: string;
  readonly to: string[];
}

/** RFC 6531: without SMTPUTF8 a domain can still go in its ASCII form (RFC 5890), a local part cannot. Null: it cannot go. */
export function envelopeFor(copy: { readonly from: string; readonly to: string }, smtpUtf8: boolean): Envelope | null {
  if (smtpUtf8) return { from: copy.from, to: [copy.to] };
  const from = asciiAddress(copy.from);
  const to = asciiAddress(copy.to);
  return from === null || to === null ? null : { from, to: [to] };
}

const asciiText = /^[\u0020-\u007e]*$/;
function asciiAddress(address: string): string | null {
  if (asciiText.test(address)) return address;
  const at = address.lastIndexOf('@');
  const local = address.slice(0, at);
  const domain = domainToASCII(address.slice(at + 1));
  return asciiText.test(local) && domain !== '' ? `${local}@${domain}` : null;
}

/**
 * Whether the message's header is one of RFC 6532. Other octets beyond ASCII, as of windows-1252, are nothing that SMTPUTF8
 * speaks of; Postfix tells the two apart as well.
 */
export function hasUtf8Header(message: Buffer): boolean {
  const end = message.indexOf('\r\n\r\n');
  const header = end === -1 ? message : message.subarray(0, end);
  return !isAscii(header) && isUtf8(header);
}

/** What nodemailer keeps in methods that its types do not name. */
interface Commands {
  _sendCommand(line: string, ...others: unknown[]): void;
}

/**
 * nodemailer asks for SMTPUTF8 by the addresses alone; this asks for it by the header too (RFC 6531 §3.1), of a host that offers it.
 * To one that does not, a message whose addresses are ASCII goes as it is, with its header in UTF-8: so does Postfix with mail that was
 * not handed in under SMTPUTF8 (SMTPUTF8_README, "Pre-existing non-ASCII mail flows"), since nearly every program reads such
 * headers, and bouncing what has always arrived helps nobody.
 */
export function openUtf8Mail(connection: SMTPConnection): (envelope: Envelope, message: Buffer) => void {
  const commands = connection as unknown as Commands;
  const send = commands._sendCommand.bind(connection);
  let isMissing = false;
  commands._sendCommand = (line, ...others) =>
    send(isMissing && line.startsWith('MAIL FROM:') ? `${line} SMTPUTF8` : line, ...others);
  return ({ from, to }, message) => {
    isMissing = isAscii(Buffer.from(from + to.join(''))) && hasUtf8Header(message);
  };
}
