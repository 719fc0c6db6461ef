/** Builds the tracking URLs of one recipient's copy. It draws the chance that the pure token code is handed. */
import { randomBytes } from 'node:crypto';
import {
  handleBytes,
  honeypotLink,
  nonceBytes,
  sealToken,
  type TokenKeyring,
  type TokenSubject,
} from '../core/token.ts';
import { type UnsubscribeSubject, unsubscribeUrl } from '../core/unsubscribing/unsubscribe-token.ts';

export interface TrackedRecipient {
  readonly accountId: string;
  /** The recipient's own 8 random bytes, from its row. */
  readonly handle: Uint8Array;
  readonly subject: TokenSubject;
}

export interface TrackingUrls {
  open(): string;
  /** @param url the destination as it stands in the message */
  click(linkIndex: number, url: string): string;
  /** @param url where whoever follows it is sent: a destination of the same message, so that nobody sees a difference */
  honeypot(url: string): string;
}

export const newHandle = (): Uint8Array => randomBytes(handleBytes);

/** @param baseUrl of the tracking host, such as `https://t.clinic.example` */
export function trackingUrls(keys: TokenKeyring, baseUrl: string, recipient: TrackedRecipient): TrackingUrls {
  const base = baseUrl.replace(/\/+$/, '');
  const { accountId, subject } = recipient;
  // An anonymous token must not lead back to its recipient, so it never carries the recipient's handle.
  const handle = (): Uint8Array => (subject.level === 'anonymous' ? newHandle() : recipient.handle);
  const click = (linkIndex: number, url: string): string =>
    `${base}/c/${sealToken(keys, handle(), newNonce(), { kind: 'click', accountId, subject, linkIndex, url })}`;
  return {
    open: () => `${base}/o/${sealToken(keys, handle(), newNonce(), { kind: 'open', accountId, subject })}`,
    click,
    honeypot: (url) => click(honeypotLink, url),
  };
}

/**
 * The most octets that such an address takes, for a destination or null for the pixel. See core/token.ts: 86 octets of
 * envelope and ids, for a click 3 and the address more, in base64url.
 */
export const trackingUrlOctets = (baseUrl: string, destination: string | null): number =>
  baseUrl.length + 3 + Math.ceil(((89 + (destination === null ? 0 : Buffer.byteLength(destination))) * 4) / 3);

/** Where a recipient unsubscribes by the link of their copy; another spelling each time, and all of them lead there. */
export const unsubscribeUrlOf = (keys: TokenKeyring, baseUrl: string, subject: UnsubscribeSubject): string =>
  unsubscribeUrl(keys, newNonce(), baseUrl, subject);

/** Asking the generator costs more than the cipher: a page of randomness serves many nonces, each handed out once. */
let page = Buffer.alloc(0);
let usedBytes = 0;
function newNonce(): Uint8Array {
  if (usedBytes === page.length) {
    page = randomBytes(nonceBytes * 256);
    usedBytes = 0;
  }
  usedBytes += nonceBytes;
  return page.subarray(usedBytes - nonceBytes, usedBytes);
}
