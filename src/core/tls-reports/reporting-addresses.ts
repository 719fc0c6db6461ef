/** Where a domain wants reports about TLS: reads its record (RFC 8460 §3). It asks nobody. */

export type Destination =
  | { readonly kind: 'mail'; readonly address: string }
  | { readonly kind: 'https'; readonly url: string };

const most = 5;
const longestRecord = 4_096;

/** None: it wants no reports, or what it says is not one record that can be read. */
export function readReportingAddresses(records: readonly string[]): Destination[] {
  const ours = records.filter((text) => /^v=TLSRPTv1[ \t]*(;|$)/.test(text));
  const [record] = ours;
  if (ours.length !== 1 || record === undefined || record.length > longestRecord) return [];
  const rua = record
    .split(';')
    .map((field) => /^[ \t]*rua[ \t]*=[ \t]*(.*?)[ \t]*$/.exec(field)?.[1])
    .find((value) => value !== undefined);
  return (rua ?? '')
    .split(',')
    .flatMap((uri) => readDestination(uri.trim()) ?? [])
    .slice(0, most);
}

function readDestination(uri: string): Destination | null {
  if (/^mailto:/i.test(uri)) {
    const address = decoded(uri.slice('mailto:'.length).split('?')[0] ?? '');
    return address !== null && mailbox.test(address) ? { kind: 'mail', address } : null;
  }
  const url = /^https:\/\//i.test(uri) && URL.canParse(uri) ? new URL(uri) : null;
  return url === null || url.username !== '' || url.password !== '' ? null : { kind: 'https', url: url.href };
}

const mailbox = /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?=.{3,253}$)[a-z0-9_-]+(\.[a-z0-9_-]+)+$/i;

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
