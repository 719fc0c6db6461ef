/**
 * Whether a mailed report bears its reporter's DKIM signature (RFC 8460 §3). Keys are asked of our own resolver and of nobody
 * else; time, lookups, signatures and size are bounded. It never throws and keeps nothing.
 */
import { domainToASCII } from 'node:url';
import { keyForReports, speaksFor } from '../core/tls-reports/reporter-signature.ts';
import type { LookUp } from '../platform/look-up.ts';

export type SignatureCheck =
  /** `fields`: the names of the fields it covers. */
  | { readonly kind: 'signed'; readonly by: string; readonly fields: ReadonlySet<string> }
  | { readonly kind: 'unsigned' }
  /** Nobody answered for a key: another time it may be signed. */
  | { readonly kind: 'no-answer' };

export interface SignedMail {
  readonly octets: Buffer;
  /** Of the one address in From. */
  readonly author: string;
}

/** What the verifier does grows with the square of the lines; genuine reports have some dozens. */
const mostHeadBytes = 64 * 1024;
const mostHeadLines = 1_000;
const mostSignatures = 10;
const mostKeys = 3;
const withinMs = 15_000;

export async function checkSignature(mail: SignedMail, dns: LookUp, at: Date): Promise<SignatureCheck> {
  if (!isCheckable(mail.octets)) return { kind: 'unsigned' };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<SignatureCheck>((resolve) => {
    timer = setTimeout(() => resolve({ kind: 'no-answer' }), withinMs);
  });
  try {
    return await Promise.race([verified(mail, dns, at), late]);
  } catch {
    return { kind: 'unsigned' };
  } finally {
    clearTimeout(timer);
  }
}

/** No signature, too many, or a head of no use: none is looked at. */
function isCheckable(octets: Buffer): boolean {
  const head = octets.subarray(0, mostHeadBytes + 4).toString('latin1');
  const end = head.search(/\r?\n\r?\n/);
  if (end === -1) return false;
  const lines = head.slice(0, end).split('\n');
  const signatures = lines.filter((line) => /^dkim-signature[ \t\r]*(:|$)/i.test(line)).length;
  return lines.length <= mostHeadLines && signatures > 0 && signatures <= mostSignatures;
}

async function verified({ octets, author }: SignedMail, dns: LookUp, at: Date): Promise<SignatureCheck> {
  // Loaded at the first report: most processes never take one.
  const { dkimVerify } = await import('mailauth/lib/dkim/verify.js');
  const name = asciiOf(author);
  const keys = openKeys(dns, name);
  // RFC 8301 §3.1: SHA-1 proves nothing.
  const { results, fromFields, headerFrom } = await dkimVerify(octets, {
    ...{ resolver: keys.resolve, curTime: at, rejectRsaSha1: true },
  });
  // Who is shown as the author must be the one that the signature is measured by, however the field is read.
  const [from = '', ...others] = headerFrom;
  if (fromFields !== 1 || others.length > 0 || asciiOf(from.slice(from.lastIndexOf('@') + 1)) !== name)
    return { kind: 'unsigned' };
  for (const { status, signingDomain, canonBodyLengthLimited, signingHeaders } of results) {
    const by = asciiOf(signingDomain ?? '');
    // §3: no `l=`. RFC 6376 §3.6.1: a key under test counts as none.
    if (status.result !== 'pass' || status.testing === true || canonBodyLengthLimited !== false) continue;
    if (!speaksFor(by, name)) continue;
    return { kind: 'signed', by, fields: new Set((signingHeaders?.keys ?? '').toLowerCase().split(': ')) };
  }
  return keys.wereAllAnswered() ? { kind: 'unsigned' } : { kind: 'no-answer' };
}

const asciiOf = (domain: string): string => domainToASCII(domain.trim().replace(/\.$/, '')).toLowerCase();

/** Keys of domains that may speak for the author, each asked for once; of others nothing is asked. */
function openKeys(dns: LookUp, author: string) {
  const asked = new Set<string>();
  let answered = true;
  return {
    wereAllAnswered: () => answered,
    async resolve(name: string): Promise<string[][]> {
      const domain = name.slice(name.lastIndexOf('._domainkey.') + '._domainkey.'.length);
      asked.add(name);
      if (!speaksFor(asciiOf(domain), author) || asked.size > mostKeys) throw noKey();
      const found = await dns.texts(name);
      answered &&= found.kind !== 'failed';
      const record = found.kind === 'found' ? (found.records.find((text) => /\bp\s*=/.test(text)) ?? '') : '';
      const key = keyForReports(record);
      if (key === null || key === '') throw noKey();
      return [[key]];
    },
  };
}

const noKey = (): Error => Object.assign(new Error('no key'), { code: 'ENODATA' });
