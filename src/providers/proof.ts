/**
 * What a webhook call shows to prove where it comes from, and what may be concluded from it. Values only; who checks them
 * says in words, without repeating anything of the call, why one is not enough.
 */

export interface ProviderCall {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly rawBody: Uint8Array;
  /** The body as JSON, already parsed. */
  readonly payload: unknown;
  /** The fields of a form, where the body was one. */
  readonly form: ReadonlyMap<string, string> | null;
  /** What the provider may believe our address to be: it is a part of what Mandrill signs. */
  readonly addresses: readonly string[];
}

/** Sealed with the connection. */
export interface ConnectionSecret {
  /** What the provider signs with: a key, or for SES the topic whose messages are taken. */
  readonly key: string | null;
  /** SHA-256 of the password, in hex. */
  readonly passwordHash: string | null;
}

export type Proof =
  | { readonly kind: 'proven'; readonly once?: OnceOnly }
  | { readonly kind: 'missing' | 'invalid' | 'expired'; readonly why: string };

/** A signature that covers no body holds for one body only. */
export interface OnceOnly {
  readonly token: string;
  readonly bodyHash: string;
}

export const proven: Proof = { kind: 'proven' };
export const missing = (why: string): Proof => ({ kind: 'missing', why });
export const invalid = (why: string): Proof => ({ kind: 'invalid', why });
export const expired = (why: string): Proof => ({ kind: 'expired', why });

/** How far a clock may be ahead of ours. */
const aheadMs = 5 * 60_000;

export const isFresh = (atMs: number, nowMs: number, maxAgeMs: number): boolean =>
  Number.isFinite(atMs) && atMs <= nowMs + aheadMs && atMs >= nowMs - maxAgeMs;
