/** The TXT record of a DKIM key (RFC 6376 §3.6.1, RFC 8463 §4): how it is written, and whether what stands in the DNS is it. */

export interface PublicDkimKey {
  readonly algorithm: 'rsa-sha256' | 'ed25519-sha256';
  /** Base64, as it stands behind `p=`. */
  readonly publicKey: string;
}

export const dkimRecord = ({ algorithm, publicKey }: PublicDkimKey): string =>
  `v=DKIM1; k=${algorithm === 'rsa-sha256' ? 'rsa' : 'ed25519'}; p=${publicKey}`;

/** Null: the record fits. */
export function faultOfDkimRecords(key: PublicDkimKey, records: readonly string[]): string | null {
  const found = records.map(readTags);
  const [record] = found;
  if (record === undefined) return 'Nothing is published under this name yet.';
  if (found.length > 1)
    return 'There is more than one TXT record under this name. Receivers may take either: leave only this one.';
  const p = record.get('p');
  if (p === undefined) return 'There is a TXT record, but no DKIM key in it (`p=` is missing).';
  if (record.has('v') && record.get('v') !== 'DKIM1') return 'The record must begin with `v=DKIM1`.';
  if (p === '') return 'The key in the DNS is marked as withdrawn (`p=` is empty).';
  if (p !== key.publicKey)
    return key.publicKey.startsWith(p)
      ? 'The key in the DNS is cut short. Long values must be split into several quoted parts of one record: most DNS hosts do so by themselves, some need it typed so.'
      : 'The key in the DNS is another one. Copy the value anew.';
  const kind = record.get('k') ?? 'rsa';
  if (kind !== (key.algorithm === 'rsa-sha256' ? 'rsa' : 'ed25519')) return `The key in the DNS says \`k=${kind}\`.`;
  if (record.get('t')?.split(':').includes('y'))
    return 'The record says `t=y` (testing): receivers treat the mail as if it were not signed. Remove it.';
  return null;
}

/** RFC 6376 §3.2: `tag=value` between semicolons; white space inside a value of base64 says nothing. */
export function readTags(record: string): ReadonlyMap<string, string> {
  return new Map(
    record.split(';').flatMap((part): [string, string][] => {
      const at = part.indexOf('=');
      return at === -1 ? [] : [[part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).replaceAll(/\s+/g, '')]];
    }),
  );
}
