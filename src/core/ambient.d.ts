/** The only globals that pure code may use beside ECMAScript itself. A clock, a socket or a file is a compile error here. */
declare class URL {
  constructor(url: string, base?: string);
  readonly protocol: string;
  readonly hostname: string;
  readonly port: string;
  readonly username: string;
  readonly password: string;
  readonly pathname: string;
  readonly search: string;
  readonly hash: string;
  readonly href: string;
  static canParse(url: string, base?: string): boolean;
}
declare class TextEncoder {
  encode(input?: string): Uint8Array;
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  readonly encoding: string;
  decode(input?: Uint8Array): string;
}
/** Hashes, MACs and AEAD with keys and nonces handed in; nothing here draws chance or reads the world. */
declare module 'node:crypto' {
  export interface KeyObject {
    readonly type: 'secret' | 'public' | 'private';
  }
  interface Digest {
    update(data: string | Uint8Array): Digest;
    digest(): Uint8Array;
  }
  interface AeadCipher {
    setAAD(data: Uint8Array): AeadCipher;
    update(data: Uint8Array): Uint8Array;
    final(): Uint8Array;
    getAuthTag(): Uint8Array;
    setAuthTag(tag: Uint8Array): AeadCipher;
  }
  export function createHash(algorithm: 'sha256'): Digest;
  export function createHmac(algorithm: 'sha256', key: KeyObject | Uint8Array): Digest;
  export function createCipheriv(algorithm: 'aes-256-gcm', key: KeyObject, nonce: Uint8Array): AeadCipher;
  export function createDecipheriv(algorithm: 'aes-256-gcm', key: KeyObject, nonce: Uint8Array): AeadCipher;
  export function sign(
    algorithm: 'sha256' | null,
    data: Uint8Array,
    key: KeyObject,
    done: (error: Error | null, signature: Uint8Array) => void,
  ): void;
  export function timingSafeEqual(a: Uint8Array, b: Uint8Array): boolean;
}
