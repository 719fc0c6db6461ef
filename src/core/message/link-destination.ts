/**
 * The address that a mail client would open for an `href` as written, or why the link is left alone.
 * It normalises nothing: what the sender wrote is what the redirect will say.
 */
import { decodeHTMLAttribute } from 'entities/decode';

export type LeftReason =
  /** mailto:, tel:, cid:, #…, relative: not an absolute http(s) address. */
  | 'not-http'
  | 'unsubscribe'
  | 'marked-off'
  | 'own-url'
  | 'too-long'
  | 'malformed'
  /** No room in a line of 998 octets (RFC 5322 §2.1.1). */
  | 'line-full'
  | 'over-limit'
  /** A plain-text address that may go on where its reader cannot be sure. */
  | 'unclear-end';

export type Destination =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'left'; readonly reason: LeftReason };

const destinationLengthMax = 2_048;

/** `written` is the attribute's text in Unicode, entities still in place. */
export function readDestination(written: string): Destination {
  const decoded = written.includes('&') ? decodeHTMLAttribute(written) : written;
  return judgeUrl(cleanUrl(decoded));
}

// WHATWG URL §4.4: outer C0 controls and spaces, and every tab or newline, are not part of the address.
function cleanUrl(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text.charCodeAt(start) <= 0x20) start++;
  while (end > start && text.charCodeAt(end - 1) <= 0x20) end--;
  const inner = text.slice(start, end);
  return /[\t\r\n]/.test(inner) ? inner.replace(/[\t\r\n]/g, '') : inner;
}

export function judgeUrl(url: string): Destination {
  if (!/^https?:/i.test(url)) return { kind: 'left', reason: 'not-http' };
  if (url.length > destinationLengthMax) return { kind: 'left', reason: 'too-long' };
  // `https:host` is absolute in a mail but relative in a redirect: only the full form survives the trip unchanged.
  if (!/^https?:\/\//i.test(url) || hasControl(url) || !url.isWellFormed() || !URL.canParse(url))
    return { kind: 'left', reason: 'malformed' };
  return { kind: 'url', url };
}

function hasControl(url: string): boolean {
  for (let i = 0; i < url.length; i++) {
    const code = url.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}
