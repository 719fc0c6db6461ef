/**
 * Reads the formats in which publishers tell their networks: lines, Apple's CSV, and the JSON of Google, Amazon, Microsoft
 * 365 and Azure. Whether a list may be used is decided in check-list.ts.
 */
import { type AddressRange, readPrefix } from './address-ranges.ts';

export interface ReadList {
  /** As the publisher wrote them, in no order. */
  readonly ranges: readonly AddressRange[];
  /** Entries that are no network. */
  readonly unreadable: number;
}

/** Undefined: it is none of the formats. */
export function readList(text: string): ReadList | undefined {
  const trimmed = text.replace(/^\uFEFF/, '').trimStart();
  if (!/^[[{]/.test(trimmed)) return readLines(trimmed);
  let value: unknown;
  try {
    value = JSON.parse(trimmed);
  } catch {
    return undefined;
  }
  return readGoogle(value) ?? readAmazon(value) ?? readMicrosoft365(value) ?? readAzure(value);
}

/** One network a line, before the first comma: plain lists and Apple's `network,country,region,city`. `#` begins a remark. */
function readLines(text: string): ReadList {
  const networks = text
    .split('\n')
    .map((line) => (line.split(/[,#;]/, 1)[0] ?? '').trim())
    .filter((network) => network !== '');
  return read(networks);
}

/** `{"prefixes": [{"ipv4Prefix": …} | {"ipv6Prefix": …}]}`, developers.google.com/search, "IP ranges of Google crawlers". */
function readGoogle(value: unknown): ReadList | undefined {
  const entries = listOf(value, 'prefixes');
  if (entries === undefined || !entries.some((one) => has(one, 'ipv4Prefix') || has(one, 'ipv6Prefix')))
    return undefined;
  return read(entries.map((one) => field(one, 'ipv4Prefix') ?? field(one, 'ipv6Prefix')));
}

/** `{"prefixes": [{"ip_prefix": …}], "ipv6_prefixes": [{"ipv6_prefix": …}]}`, AWS documentation, "AWS IP address ranges". */
function readAmazon(value: unknown): ReadList | undefined {
  const v4 = listOf(value, 'prefixes');
  const v6 = listOf(value, 'ipv6_prefixes');
  if (v4 === undefined || v6 === undefined) return undefined;
  return read([...v4.map((one) => field(one, 'ip_prefix')), ...v6.map((one) => field(one, 'ipv6_prefix'))]);
}

/** Of the Microsoft 365 endpoints only those of Exchange Online Protection: ids 9 and 10, told by their names. */
const mailProtection = /(^|\.)(protection\.outlook\.com|mx\.microsoft)$/i;

function readMicrosoft365(value: unknown): ReadList | undefined {
  if (!Array.isArray(value) || !value.some((one) => has(one, 'serviceArea'))) return undefined;
  const ofMail = value.filter((one) =>
    (listOf(one, 'urls') ?? []).some((url) => typeof url === 'string' && mailProtection.test(url)),
  );
  return read(ofMail.flatMap((one) => listOf(one, 'ips') ?? []));
}

/** `{"values": [{"name": …, "properties": {"addressPrefixes": […]}}]}`, "Azure IP ranges and service tags". */
function readAzure(value: unknown): ReadList | undefined {
  const tags = listOf(value, 'values');
  if (tags === undefined || !tags.some((tag) => has(field(tag, 'properties'), 'addressPrefixes'))) return undefined;
  return read(tags.flatMap((tag) => listOf(field(tag, 'properties'), 'addressPrefixes') ?? []));
}

function read(networks: readonly unknown[]): ReadList {
  const ranges: AddressRange[] = [];
  for (const network of networks) {
    const range = typeof network === 'string' ? readPrefix(network) : undefined;
    if (range !== undefined) ranges.push(range);
  }
  return { ranges, unreadable: networks.length - ranges.length };
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
const has = (value: unknown, name: string): boolean => field(value, name) !== undefined;
const listOf = (value: unknown, name: string): readonly unknown[] | undefined => {
  const found = field(value, name);
  return Array.isArray(found) ? found : undefined;
};
