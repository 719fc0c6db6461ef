/** Mail of a reporter about TLS with a DKIM signature, and the key in the DNS that it is checked by. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type DkimKey, dkimSignatures } from '../../src/core/senders/dkim.ts';
import type { DnsServer } from './dns-server.ts';

export interface Reporter {
  /** The key's place in the DNS. */
  readonly name: string;
  readonly record: string;
  readonly privateKey: KeyObject;
  sign(mail: Uint8Array, at: Date): Promise<Buffer>;
}

/** @param tags more of the key's record, as `s=tlsrpt;` */
export function newReporter(dns: Pick<DnsServer, 'tell'>, domain: string, tags = '', selector = 'r1'): Reporter {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key: DkimKey = { algorithm: 'rsa-sha256', domain, selector, privateKey };
  const name = `${selector}._domainkey.${domain}`;
  const record = `v=DKIM1; k=rsa; ${tags} p=${publicKey.export({ format: 'der', type: 'spki' }).toString('base64')}`;
  dns.tell(name, { txt: [record] });
  return {
    ...{ name, record, privateKey },
    sign: async (mail, at) => Buffer.concat([Buffer.from(await dkimSignatures(mail, [key], at)), mail]),
  };
}
