/**
 * The envelope sender that a recipient's copy leaves with (VERP): whatever comes back to it says whose copy it was. Nothing
 * in it can be read without the key, nobody without the key can make one, and it survives being lower-cased on the way. The
 * address by which a recipient leaves by mail is made alike, with a letter and a key of its own.
 *
 *   b- │ base32 of: handle 8, encrypted │ MAC 10        31 octets of local part; RFC 5321 §4.5.3.1.1 allows 64
 */
import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';

const handleBytes = 8;
const macBytes = 10;
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
const localPart = /^([bu])-([a-z2-7]{29})$/;

/** Bounces come to `b`, the will to unsubscribe to `u`. */
export type ReturnUse = 'b' | 'u';

/** Of one recipient always the same, so that greylisting servers know it again. */
export function returnLocalPart(key: KeyObject, handle: Uint8Array, use: ReturnUse = 'b'): string {
  if (handle.length !== handleBytes) throw new Error('a handle is of another length');
  const mac = macOf(key, handle);
  const octets = new Uint8Array(handleBytes + macBytes);
  octets.set(withPad(key, mac, handle));
  octets.set(mac, handleBytes);
  return `${use}-${base32(octets)}`;
}

/** Undefined: we never made this. */
export function handleOfReturn(key: KeyObject, local: string, use: ReturnUse = 'b'): Uint8Array | undefined {
  const [, usedFor, written = ''] = localPart.exec(local.toLowerCase()) ?? [];
  const octets = usedFor === use ? fromBase32(written) : undefined;
  if (octets === undefined) return undefined;
  const mac = octets.subarray(handleBytes);
  const handle = withPad(key, mac, octets.subarray(0, handleBytes));
  return timingSafeEqual(macOf(key, handle), mac) ? handle : undefined;
}

const macOf = (key: KeyObject, handle: Uint8Array): Uint8Array =>
  createHmac('sha256', key).update('mac').update(handle).digest().subarray(0, macBytes);

/** The MAC is the nonce (as in SIV, RFC 5297): equal addresses for equal handles, and no other two alike. */
function withPad(key: KeyObject, mac: Uint8Array, octets: Uint8Array): Uint8Array {
  const pad = createHmac('sha256', key).update('pad').update(mac).digest();
  return octets.map((octet, at) => octet ^ (pad[at] ?? 0));
}

function base32(octets: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const octet of octets) {
    held = (held << 8) | octet;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += alphabet[(held >> (bits - 5)) & 31];
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + alphabet[(held << (5 - bits)) & 31];
}

/** Undefined where the last letter says more than the octets hold: an address has one spelling. */
function fromBase32(text: string): Uint8Array | undefined {
  const octets = new Uint8Array(Math.floor((text.length * 5) / 8));
  let [bits, held, at] = [0, 0, 0];
  for (const letter of text) {
    held = (held << 5) | alphabet.indexOf(letter);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    octets[at++] = held >> bits;
    held &= (1 << bits) - 1;
  }
  return held === 0 ? octets : undefined;
}
