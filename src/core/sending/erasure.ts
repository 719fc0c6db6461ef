/** What a certificate of erasure says, and the bytes that its signature covers. It holds no key. */
import { canonicalJson } from './canonical-json.ts';

export interface ErasureClaim {
  readonly type: 'erasure';
  readonly account: string;
  readonly message: string;
  readonly acceptedAt: string;
  readonly erasedAt: string;
  /** When the last copy of its key ends: from then on no copy of it that we made can be read. Older certificates say none. */
  readonly unreadableFrom?: string | undefined;
  /** What was made unreadable. */
  readonly erased: {
    /** The key that the message's content, subject, links and addresses were sealed under. */
    readonly keys: number;
    readonly recipients: number;
    /** Events whose addresses, agents, remote words and names were taken out. */
    readonly eventDetails: number;
    readonly attempts: number;
    /** Copies that waited to be sent and will not be. */
    readonly queued: number;
  };
  /** What the certificate cannot speak for. */
  readonly notCovered: string;
  /** Fingerprint of the key that signs. */
  readonly key: string;
}

export interface ErasureCertificate extends ErasureClaim {
  /** Ed25519 over `erasureText`, base64url. */
  readonly signature: string;
}

export const erasureText = ({ signature: _, ...claim }: ErasureClaim & { readonly signature?: string }): string =>
  `waxwing erasure 1\n${canonicalJson(claim)}`;
