/**
 * Makes short texts unreadable without the key of their day, thousands at once: AES-256-CTR, one random nonce a batch and
 * the texts one after another in its stream. It hides and does not authenticate: the event around it is sealed with AES-GCM.
 *
 *   check 6 │ nonce 12 │ first block 3 │ ciphertext in whole blocks      in base64
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

export interface RequestKey {
  readonly key: KeyObject;
  /** Tells this key from one that was made for the same day later. */
  readonly check: Buffer;
}

const checkBytes = 6;
const nonceBytes = 12;
const headBytes = checkBytes + nonceBytes + 3;
const blockBytes = 16;
/** What three octets count: 256 MB of requests in one batch. */
const mostBlocks = 2 ** 24;

export const requestKey = (key: Uint8Array): RequestKey => ({
  key: createSecretKey(key),
  check: createHash('sha256').update('waxwing request key').update(key).digest().subarray(0, checkBytes),
});

/** For one batch. A nonce is never used twice, and neither is a block under it (NIST SP 800-38A §6.5, appendix B). */
export function hideTexts({ key, check }: RequestKey): (text: string) => string {
  const begin = () => {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv('aes-256-ctr', key, ivOf(nonce, 0));
    return { cipher, prefix: Buffer.concat([check, nonce]).toString('base64'), blocks: 0 };
  };
  let stream = begin();
  return (text) => {
    const padded = text + '\n'.repeat(blockBytes - (Buffer.byteLength(text) % blockBytes));
    if (stream.blocks + Math.ceil((padded.length * 3) / blockBytes) > mostBlocks) stream = begin();
    const at = stream.blocks;
    const hidden = stream.cipher.update(padded, 'utf8');
    stream.blocks += hidden.length / blockBytes;
    // The parts before are whole groups of three octets, so their base64 can be put together.
    return stream.prefix + Buffer.of(at >> 16, at >> 8, at).toString('base64') + hidden.toString('base64');
  };
}

/** Null: hidden under another key, or no such text. Line ends at the end of a text are lost. */
export function showText({ key, check }: RequestKey, hidden: string): string | null {
  const bytes = Buffer.from(hidden, 'base64');
  if (bytes.length < headBytes || !bytes.subarray(0, checkBytes).equals(check)) return null;
  const nonce = bytes.subarray(checkBytes, checkBytes + nonceBytes);
  const decipher = createDecipheriv('aes-256-ctr', key, ivOf(nonce, bytes.readUIntBE(headBytes - 3, 3)));
  return withoutPadding(decipher.update(bytes.subarray(headBytes)).toString());
}

function withoutPadding(text: string): string {
  let end = text.length;
  while (text.charCodeAt(end - 1) === 0x0a) end--;
  return text.slice(0, end);
}

function ivOf(nonce: Uint8Array, block: number): Buffer {
  const iv = Buffer.alloc(nonceBytes + 4);
  iv.set(nonce);
  iv.writeUInt32BE(block, nonceBytes);
  return iv;
}
