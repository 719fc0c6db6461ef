/** A passkey without a browser: makes the answers that an authenticator gives to registration and sign-in (WebAuthn Level 3). */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

const base64url = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('base64url');
const sha256 = (bytes: Uint8Array | string): Buffer => createHash('sha256').update(bytes).digest();
/** CBOR (RFC 8949 §3) of the few forms that are needed: short text, and bytes up to 65,535. */
const text = (value: string): Buffer => Buffer.concat([Buffer.of(0x60 + value.length), Buffer.from(value)]);
const bytes = (value: Uint8Array): Buffer =>
  Buffer.concat([Buffer.of(0x59, value.length >> 8, value.length & 0xff), value]);

/** User present and verified; and, with a new key, its data attached. §6.1 */
const verified = 0x05;
const withKey = 0x45;

export class Passkey {
  readonly id: string = base64url(randomBytes(16));
  private readonly rpId: string;
  private readonly origin: string;
  private readonly privateKey: KeyObject;
  private readonly publicKey: KeyObject;

  constructor(rpId: string, origin: string) {
    this.rpId = rpId;
    this.origin = origin;
    ({ privateKey: this.privateKey, publicKey: this.publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' }));
  }

  /** For `navigator.credentials.create`, with no attestation. */
  register(challenge: string) {
    const attestation = [text('fmt'), text('none'), text('attStmt'), Buffer.of(0xa0), text('authData')];
    const attestationObject = Buffer.concat([
      Buffer.of(0xa3),
      ...attestation,
      bytes(this.data(withKey, this.keyData())),
    ]);
    return this.answer({
      clientDataJSON: this.clientData('webauthn.create', challenge),
      attestationObject: base64url(attestationObject),
    });
  }

  /** For `navigator.credentials.get`. */
  signIn(challenge: string) {
    const data = this.data(verified);
    const clientDataJSON = this.clientData('webauthn.get', challenge);
    const signed = Buffer.concat([data, sha256(Buffer.from(clientDataJSON, 'base64url'))]);
    const signature = base64url(sign('sha256', signed, this.privateKey));
    return this.answer({ clientDataJSON, authenticatorData: base64url(data), signature });
  }

  private answer = <Response extends object>(response: Response) => ({
    id: this.id,
    rawId: this.id,
    type: 'public-key' as const,
    clientExtensionResults: {},
    response,
  });

  private clientData = (type: string, challenge: string): string =>
    base64url(JSON.stringify({ type, challenge, origin: this.origin, crossOrigin: false }));

  private data = (flags: number, more: Uint8Array = Buffer.alloc(0)): Buffer =>
    Buffer.concat([sha256(this.rpId), Buffer.of(flags), Buffer.alloc(4), more]);

  /** §6.5.1, with the key as COSE has it (RFC 9053 §7.1.1). */
  private keyData(): Buffer {
    const { x = '', y = '' } = this.publicKey.export({ format: 'jwk' });
    const id = Buffer.from(this.id, 'base64url');
    const head = Buffer.from([0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 0x20]);
    const key = [head, Buffer.from(x, 'base64url'), Buffer.from([0x22, 0x58, 0x20]), Buffer.from(y, 'base64url')];
    return Buffer.concat([Buffer.alloc(16), Buffer.of(0, id.length), id, ...key]);
  }
}
