/**
 * The certificate of the submission server when none is configured: self-signed, made once and kept in the data
 * directory, readable by its owner alone. It never leaves the machine and replaces no configured one.
 */
import { createPrivateKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';

export interface TlsIdentity {
  readonly key: string;
  readonly cert: string;
}

const fileName = 'submission-tls.pem';
const validForYears = 10;
/** Clients whose clock is behind ours must not find it not yet valid. */
const clockSkewMs = 24 * 3_600_000;
const mayBeReadByOwner = 0o600;

/** The kept certificate, or a new one when there is none, it has run out or names another host. */
export function keptCertificate(dataDir: string, hostname: string, now: Date): TlsIdentity {
  const path = join(dataDir, fileName);
  const kept = usableIdentity(path, hostname, now);
  if (kept !== null) return kept;
  const pem = selfSigned(hostname, now);
  mkdirSync(dataDir, { recursive: true });
  const half = `${path}.${randomBytes(4).toString('hex')}`;
  writeFileSync(half, pem, { mode: mayBeReadByOwner, flush: true });
  renameSync(half, path); // of several processes that start at once the last one's holds from the next start on
  return { key: pem, cert: pem };
}

function usableIdentity(path: string, hostname: string, now: Date): TlsIdentity | null {
  try {
    const pem = readFileSync(path, 'utf8');
    const certificate = new X509Certificate(pem);
    createSecureContext({ key: pem, cert: pem });
    const isCurrent = certificate.validToDate > now && certificate.checkHost(hostname) !== undefined;
    return isCurrent && certificate.checkPrivateKey(createPrivateKey(pem)) ? { key: pem, cert: pem } : null;
  } catch {
    return null;
  }
}

/** RFC 5280 §4.1, P-256 with SHA-256: key and certificate in one PEM text. */
function selfSigned(hostname: string, now: Date): string {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const start = new Date(now.getTime() - clockSkewMs);
  const end = new Date(now);
  end.setUTCFullYear(end.getUTCFullYear() + validForYears);
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.concat([Buffer.of(0x40), randomBytes(15)])), // positive and 16 octets long
    ecdsaWithSha256,
    commonName(hostname),
    sequence(instant(start), instant(end)),
    commonName(hostname),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(subjectAlternativeNames([...new Set([hostname, 'localhost'])]))),
  );
  const signature = sign('sha256', toBeSigned, privateKey);
  const certificate = sequence(toBeSigned, ecdsaWithSha256, der(0x03, Buffer.of(0), signature));
  return `${privateKey.export({ type: 'pkcs8', format: 'pem' })}${pemOf('CERTIFICATE', certificate)}`;
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  if (body.length < 0x80) return Buffer.concat([Buffer.of(tag, body.length), body]);
  return Buffer.concat([Buffer.of(tag, 0x82, body.length >> 8, body.length & 0xff), body]);
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
const identifier = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const ecdsaWithSha256 = sequence(identifier('2a8648ce3d040302')); // 1.2.840.10045.4.3.2

const commonName = (name: string): Buffer =>
  sequence(der(0x31, sequence(identifier('550403'), der(0x0c, Buffer.from(name.slice(0, 64))))));

const subjectAlternativeNames = (names: readonly string[]): Buffer =>
  sequence(identifier('551d11'), der(0x04, sequence(...names.map((name) => der(0x82, Buffer.from(name, 'latin1'))))));

/** RFC 5280 §4.1.2.5: UTCTime until 2049, GeneralizedTime after. */
function instant(at: Date): Buffer {
  const digits = at.toISOString().replace(/[-:T]|\.\d+/g, '');
  return at.getUTCFullYear() < 2050 ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits));
}

const pemOf = (label: string, bytes: Buffer): string =>
  `-----BEGIN ${label}-----\n${bytes.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`;
