/**
 * How much of a message is read before it is refused, and what a refusal looks like.
 * The numbers bound work, memory and nesting; they never decide what a message means.
 */

export interface MessageLimits {
  /** Every MIME part counts, multiparts included. */
  readonly partsMax: number;
  /** Multiparts inside multiparts; the root is depth 0. */
  readonly depthMax: number;
  /** One header block, the message's own or a part's. */
  readonly headerBlockBytesMax: number;
  readonly headerLinesMax: number;
  /** RFC 5322 §2.1.1: 998 octets without the CRLF. */
  readonly lineOctetsMax: number;
}

export const defaultMessageLimits: MessageLimits = {
  partsMax: 1_000,
  depthMax: 20,
  headerBlockBytesMax: 256 * 1024,
  headerLinesMax: 2_000,
  lineOctetsMax: 998,
};

export type MessageRefusalCode =
  | 'message.too_many_parts'
  | 'message.nested_too_deep'
  | 'message.headers_too_large'
  | 'message.bare_newline'
  | 'message.line_too_long'
  | 'message.nul_octet'
  | 'message.header_malformed'
  | 'message.mail_loop'
  | 'message.no_from'
  | 'message.multiple_from'
  | 'message.from_malformed'
  | 'message.track_header_unknown';

/** A message that is not taken, and the sentence that says so to its sender. */
export interface MessageRefusal {
  readonly kind: 'refused';
  readonly code: MessageRefusalCode;
  /** In words, without any content of the message. */
  readonly why: string;
}

export function refuse(code: MessageRefusalCode, why: string): MessageRefusal {
  return { kind: 'refused', code, why };
}
