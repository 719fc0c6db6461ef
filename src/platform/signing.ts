/** What the installation signs with: Ed25519, from a key derived from the master key, so that no database holds it. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { Vault } from './vault.ts';

export interface InstallationSigner {
  /** Base64url. The text begins with what it is, so that a signature of one thing is none of another. */
  sign(text: string): string;
  readonly publicKey: KeyObject;
  /** Fingerprint of the public key. */
  readonly keyId: string;
}

/** RFC 8410 §7: a private key of Ed25519 is its 32 bytes behind this prefix. */
const privateKeyPrefix = Buffer.from('302e020100300506032b657004220420', 'hex');
/** RFC 8410 §4: the same for a public key. */
const publicKeyPrefix = Buffer.from('302a300506032b6570032100', 'hex');

export function installationSigner(vault: Pick<Vault, 'derive'>): InstallationSigner {
  const seed = vault.derive('signing').export();
  const privateKey = createPrivateKey({ key: Buffer.concat([privateKeyPrefix, seed]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(privateKey);
  return {
    publicKey,
    keyId: fingerprint(publicKey),
    sign: (text) => sign(null, Buffer.from(text), privateKey).toString('base64url'),
  };
}

export function isSignedWith(publicKey: KeyObject, text: string, signature: string): boolean {
  const bytes = Buffer.from(signature, 'base64url');
  // One spelling: of the last letter's spare bits, decoding ignores any change.
  return bytes.toString('base64url') === signature && verify(null, Buffer.from(text), publicKey, bytes);
}

export const publicKeyPem = (publicKey: KeyObject): string =>
  publicKey.export({ format: 'pem', type: 'spki' }).toString();

const fingerprint = (publicKey: KeyObject): string =>
  createHash('sha256')
    .update(publicKey.export({ format: 'der', type: 'spki' }))
    .digest('hex')
    .slice(0, 32);

/** A public key as PEM, or its DER or 32 raw bytes in base64 or hex; undefined when it is none. */
export function readPublicKey(text: string): KeyObject | undefined {
  const trimmed = text.trim();
  try {
    const key = trimmed.includes('-----BEGIN') ? createPublicKey(trimmed) : createPublicKey(derKey(trimmed));
    return key.asymmetricKeyType === 'ed25519' ? key : undefined;
  } catch {
    return undefined;
  }
}

function derKey(text: string): Parameters<typeof createPublicKey>[0] {
  const bytes = Buffer.from(text, /^[0-9a-f]+$/i.test(text) ? 'hex' : 'base64');
  const key = bytes.length === 32 ? Buffer.concat([publicKeyPrefix, bytes]) : bytes;
  return { key, format: 'der', type: 'spki' };
}
