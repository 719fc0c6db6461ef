/** May this address send for this domain? RFC 7208's check_host, with its limits. It asks the DNS and keeps nothing. */
import ipaddr from 'ipaddr.js';
import { isSpf, type Qualifier, readSpf, type SpfRecord, type SpfTerm } from '../core/senders/spf-record.ts';
import type { Found, LookUp } from '../platform/look-up.ts';

export interface SpfVerdict {
  readonly result: Qualifier | 'none' | 'permerror' | 'temperror';
  /** A sentence for people; null where the result says all. */
  readonly why: string | null;
  /** How many terms asked the DNS: ten are the most. */
  readonly lookups: number;
}

interface Check {
  readonly dns: LookUp;
  readonly ip: ipaddr.IPv4 | ipaddr.IPv6;
  readonly sender: string;
  lookups: number;
  voids: number;
}

type Result = SpfVerdict['result'];
class Stop extends Error {
  readonly result: 'permerror' | 'temperror';
  readonly why: string;
  constructor(result: 'permerror' | 'temperror', why: string) {
    super(why);
    this.result = result;
    this.why = why;
  }
}

const mostLookups = 10; // §4.6.4
const mostVoids = 2;
const mostHosts = 10;

export async function checkSpf(dns: LookUp, address: string, domain: string): Promise<SpfVerdict> {
  const check: Check = { dns, ip: ipaddr.process(address), sender: `postmaster@${domain}`, lookups: 0, voids: 0 };
  try {
    const result = await checkHost(check, domain);
    return { result, why: null, lookups: check.lookups };
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    return { result: error.result, why: error.why, lookups: check.lookups };
  }
}

async function checkHost(check: Check, domain: string): Promise<Result> {
  const record = await recordOf(check, domain);
  if (record === null) return 'none';
  for (const term of record.terms) if (await matches(check, term, domain)) return term.qualifier;
  if (record.redirect === null) return 'neutral';
  count(check);
  const target = expand(check, record.redirect, domain);
  const result = await checkHost(check, target);
  if (result === 'none') throw new Stop('permerror', `\`redirect=${target}\` leads to a domain without an SPF record.`);
  return result;
}

async function recordOf(check: Check, domain: string): Promise<SpfRecord | null> {
  const found = await check.dns.texts(domain);
  if (found.kind === 'failed') throw new Stop('temperror', `The DNS gives no answer about ${domain}.`);
  const records = found.kind === 'none' ? [] : found.records.filter(isSpf);
  const [text] = records;
  if (text === undefined) return null;
  if (records.length > 1)
    throw new Stop('permerror', `${domain} has ${records.length} SPF records; only one is allowed. Merge them.`);
  const record = readSpf(text);
  if ('unreadable' in record)
    throw new Stop('permerror', `The SPF record of ${domain} has a word that cannot be read: ${record.unreadable}`);
  return record;
}

function count(check: Check): void {
  check.lookups += 1;
  if (check.lookups > mostLookups)
    throw new Stop(
      'permerror',
      'The SPF record needs more than ten DNS lookups, includes counted. Remove some of them.',
    );
}

async function matches(check: Check, term: SpfTerm, domain: string): Promise<boolean> {
  switch (term.kind) {
    case 'all':
      return true;
    case 'ip4':
    case 'ip6':
      return isWithin(check.ip, term.address, term.bits);
    case 'include':
      count(check);
      return isIncluded(check, expand(check, term.domain, domain));
    case 'exists':
      count(check);
      return (await hosts(check, () => check.dns.addresses(expand(check, term.domain, domain), 4))).length > 0;
    case 'ptr': // §5.5: "do not use"; it costs a lookup and is not believed here.
      count(check);
      return false;
    case 'a':
      count(check);
      return hasAddress(check, term, expand(check, term.domain ?? domain, domain));
    case 'mx': {
      count(check);
      const name = expand(check, term.domain ?? domain, domain);
      const exchangers = await hosts(check, () => check.dns.mailHosts(name));
      if (exchangers.length > mostHosts) throw new Stop('permerror', `${name} has more than ten mail hosts.`);
      for (const host of exchangers) if (await hasAddress(check, term, host)) return true;
      return false;
    }
  }
}

/** §5.2: what the other domain's record says, without its `fail`. */
async function isIncluded(check: Check, domain: string): Promise<boolean> {
  const result = await checkHost(check, domain);
  if (result === 'none') throw new Stop('permerror', `\`include:${domain}\` names a domain without an SPF record.`);
  return result === 'pass';
}

async function hasAddress(
  check: Check,
  { bits4, bits6 }: Extract<SpfTerm, { bits4: number }>,
  name: string,
): Promise<boolean> {
  const family = check.ip.kind() === 'ipv4' ? 4 : 6;
  const found = await hosts(check, () => check.dns.addresses(name, family));
  return found.some((address) => isWithin(check.ip, address, family === 4 ? bits4 : bits6));
}

async function hosts(check: Check, ask: () => Promise<Found<string>>): Promise<readonly string[]> {
  const found = await ask();
  if (found.kind === 'failed') throw new Stop('temperror', 'The DNS gives no answer about a name in the SPF record.');
  if (found.kind === 'found') return found.records;
  check.voids += 1;
  if (check.voids > mostVoids)
    throw new Stop('permerror', 'The SPF record names more than two hosts that do not exist. Remove them.');
  return [];
}

function isWithin(ip: Check['ip'], address: string, bits: number): boolean {
  if (!ipaddr.isValid(address)) throw new Stop('permerror', `The SPF record has an address that is none: ${address}`);
  const other = ipaddr.parse(address);
  return other.kind() === ip.kind() && ip.match(other, bits);
}

/** §7: macros. Those that only exist in explanations stand for nothing here. */
function expand(check: Check, text: string, domain: string): string {
  return text.replaceAll(
    /%(?:%|_|-|\{([a-z])(\d*)(r?)([-.+,/_=]*)\})/gi,
    (whole, letter?: string, digits = '', reversed = '', delimiters = '') => {
      if (letter === undefined) return whole === '%%' ? '%' : whole === '%_' ? ' ' : '%20';
      const parts = macroValue(check, letter.toLowerCase(), domain).split(
        delimiters === '' ? '.' : new RegExp(`[${delimiters.replaceAll(/[-\\\]^]/g, '\\$&')}]`),
      );
      if (reversed !== '') parts.reverse();
      return (digits === '' ? parts : parts.slice(-Number(digits))).join('.');
    },
  );
}

function macroValue({ ip, sender }: Check, letter: string, domain: string): string {
  const [local = '', of = ''] = sender.split('@');
  const values: Readonly<Record<string, string>> = {
    ...{ s: sender, l: local, o: of, d: domain, h: of, v: ip.kind() === 'ipv4' ? 'in-addr' : 'ip6' },
    i: ip.kind() === 'ipv4' ? ip.toString() : [...Buffer.from(ip.toByteArray()).toString('hex')].join('.'),
  };
  return values[letter] ?? 'unknown';
}
