/** Certificates for tests: an authority made on the spot and what it signs. Nothing here protects anything. */
import { webcrypto } from 'node:crypto';

// The library's container asks for decorator metadata that no class here has.
const nothing = (): undefined => undefined;
Object.assign(Reflect, {
  getMetadata: nothing,
  getOwnMetadata: nothing,
  // Asked by the polyfill that another library brings along.
  getOwnMetadataKeys: () => [],
  defineMetadata: nothing,
  hasOwnMetadata: nothing,
});
const x509 = await import('@peculiar/x509');

export interface TestCertificate {
  readonly key: string;
  readonly cert: string;
}

export interface TestAuthority {
  /** PEM of the authority itself, to be trusted. */
  readonly cert: string;
  readonly issue: (name: string, options?: IssueOptions) => Promise<TestCertificate>;
}

export interface IssueOptions {
  readonly notAfter?: Date;
  /** The name stands in the subject alone, as it did long ago. */
  readonly isUnlisted?: boolean;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const hourMs = 3_600_000;

const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>;

async function pem(key: webcrypto.CryptoKey): Promise<string> {
  const bytes = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${bytes.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`;
}

export async function newAuthority(): Promise<TestAuthority> {
  const keys = await newKeys();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Test Authority',
    notBefore: new Date(Date.now() - hourMs),
    notAfter: new Date(Date.now() + 24 * hourMs),
    keys,
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true, 1, true)],
  });
  return {
    cert: root.toString('pem'),
    async issue(name, options = {}) {
      const leafKeys = await newKeys();
      const notAfter = options.notAfter ?? new Date(Date.now() + hourMs);
      const leaf = await x509.X509CertificateGenerator.create({
        subject: `CN=${name}`,
        issuer: root.subject,
        notBefore: new Date(Math.min(notAfter.getTime() - 2 * hourMs, Date.now() - hourMs)),
        notAfter,
        publicKey: leafKeys.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        extensions:
          options.isUnlisted === true
            ? []
            : [new x509.SubjectAlternativeNameExtension([{ type: /^[\d.]+$/.test(name) ? 'ip' : 'dns', value: name }])],
      });
      return { key: await pem(leafKeys.privateKey), cert: leaf.toString('pem') };
    },
  };
}

/** What signs for itself, with RSA: valid from an hour ago for a day. */
export async function newRsaCertificate(name: string): Promise<TestCertificate> {
  const rsa = {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
  };
  const keys = (await webcrypto.subtle.generateKey(rsa, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    notBefore: new Date(Date.now() - hourMs),
    notAfter: new Date(Date.now() + 24 * hourMs),
    keys,
    signingAlgorithm: rsa,
  });
  return { key: await pem(keys.privateKey), cert: certificate.toString('pem') };
}
