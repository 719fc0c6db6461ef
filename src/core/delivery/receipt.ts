/** What a receipt says of one recipient's copy, and the bytes that its signature covers. It holds no key. */
import { canonicalJson } from '../sending/canonical-json.ts';
import type { HopEvidence, RouteEvidence, StsEvidence } from './evidence.ts';
import type { Floor, Released } from './transport.ts';

export interface ReceiptClaim {
  readonly type: 'receipt';
  readonly account: string;
  readonly message: string;
  readonly recipient: string;
  readonly email: string | null;
  readonly acceptedAt: string;
  readonly status: 'queued' | 'deferred' | 'delivered' | 'bounced' | 'dropped';
  readonly contentSha256: string | null;
  /** Who let it go below its floor, and why; absent in receipts of versions that knew no such thing. */
  readonly releases?: readonly ReceiptRelease[];
  readonly attempts: readonly ReceiptAttempt[];
  readonly issuedAt: string;
  /** Fingerprint of the key that signs. */
  readonly key: string;
}

export interface ReceiptRelease {
  readonly transport: Released;
  /** Null once the message was erased. */
  readonly reason: string | null;
  readonly by: { readonly kind: string; readonly id: string };
  readonly releasedAt: string;
  readonly expiresAt: string;
}

export interface ReceiptAttempt {
  readonly at: string;
  readonly outcome: 'delivered' | 'deferred' | 'bounced';
  readonly why: { readonly code: string; readonly text: string };
  readonly host: string | null;
  readonly tls: string | null;
  readonly reply: { readonly code: number; readonly text: string | null } | null;
  readonly route: RouteEvidence | null;
  readonly asked: Floor | null;
  readonly released?: Released | null;
  readonly mtaSts: StsEvidence | null;
  readonly tries: readonly HopEvidence[];
  readonly sentSha256: string | null;
}

export interface Receipt extends ReceiptClaim {
  /** Ed25519 over `receiptText`, base64url. */
  readonly signature: string;
}

export const receiptText = ({ signature: _, ...claim }: ReceiptClaim & { readonly signature?: string }): string =>
  `waxwing receipt 1\n${canonicalJson(claim)}`;
