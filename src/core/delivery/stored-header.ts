/** What is kept of a message beside its content: for people who read about it, and for delivery. Sealed like a body. */
import type { MinimumTransport } from './transport.ts';

export interface StoredHeader {
  readonly subject: string;
  /** As people read it. */
  readonly from: string;
  /** The reverse path; empty for the null sender (RFC 5321 §4.5.5). */
  readonly envelopeFrom: string;
  readonly tags: readonly string[];
  /** Each copy's To names its own recipient alone; otherwise To stays as submitted. */
  readonly ownTo: boolean;
  /** The account's floor when the message was accepted; the stricter of it and the floor at delivery holds. */
  readonly minimumTransport: MinimumTransport;
  /** The message asked for it itself. */
  readonly asksItself?: boolean;
  /** Fields that every copy gets from us; absent: none. `link`: the sender wrote List-Unsubscribe-Post. */
  readonly unsubscribe?: 'both' | 'link';
  readonly feedbackId?: string;
  /** A report of ours about TLS: it goes whatever policies say. Absent: it is not. */
  readonly isTlsReport?: true;
}

export const encodeStoredHeader = (header: StoredHeader): string => JSON.stringify(header);

/** Throws on what this version did not write. */
export function decodeStoredHeader(text: string): StoredHeader {
  const header = JSON.parse(text) as StoredHeader;
  if (typeof header.envelopeFrom !== 'string') throw new Error('a stored header is of another kind');
  return header;
}
