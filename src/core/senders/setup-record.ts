/** One DNS record to publish, and how what stands there is judged. It is told what was seen and asks nobody. */

/** What stands under a name; null: the DNS gave no answer. */
export type Seen = readonly string[] | null;

/** A record to publish, and what is to be said of it. */
export interface SetupRecord extends PlannedRecord {
  /** `unknown`: the DNS gave no answer, or it cannot be told. */
  readonly state: 'unchecked' | 'right' | 'missing' | 'wrong' | 'unknown';
  readonly seen: string[];
  readonly problems: string[];
}

export interface PlannedRecord {
  readonly purpose:
    | 'ownership'
    | 'dkim'
    | 'spf'
    | 'dmarc'
    | 'bounce-mx'
    | 'bounce-spf'
    | 'tracking-host'
    | 'mta-sts'
    | 'tls-rpt';
  readonly name: string;
  readonly type: 'TXT' | 'MX' | 'CNAME' | 'A';
  readonly value: string;
  readonly isRequired: boolean;
  readonly about: string;
}

export const unchecked = (record: PlannedRecord): SetupRecord => ({
  ...record,
  ...{ state: 'unchecked', seen: [], problems: [] },
});
const noAnswer = 'The DNS gave no answer. Try again in a few minutes.';

export function judged(record: PlannedRecord, seen: Seen, problems: readonly string[]): SetupRecord {
  if (seen === null) return { ...record, state: 'unknown', seen: [], problems: [noAnswer] };
  const state = problems.length === 0 ? 'right' : seen.length === 0 ? 'missing' : 'wrong';
  return { ...record, state, seen: [...seen], problems: [...problems] };
}

/** The record that is there with our addresses put before its `all`, or a new one. */
export function spfValue(addresses: readonly string[], records: readonly string[]): string {
  const ours = addresses.map((address) => `${address.includes(':') ? 'ip6' : 'ip4'}:${address}`);
  const [text] = records;
  const words = (text ?? 'v=spf1 ~all').trim().split(/ +/);
  const missing = ours.filter((word) => !words.includes(word));
  const end = words.findIndex((word) => /^([-+~?]?all$|redirect=)/i.test(word));
  return words.toSpliced(end === -1 ? words.length : end, 0, ...missing).join(' ');
}

export const addressesUnknown =
  ' It is not known from which addresses mail leaves here (WAXWING_SENDING_ADDRESSES): put them before “all” as ip4:… and ip6:…, or the relay’s include:….';

/** Of the SPF records under one name. */
export function judgedSpf(record: PlannedRecord, records: Seen, faults: readonly string[]): SetupRecord {
  if (records === null) return judged(record, null, []);
  if (records.length === 0) return judged(record, [], ['There is no SPF record yet.']);
  if (records.length > 1)
    return judged(record, records, [`There are ${records.length} SPF records, so receivers use none. Merge them.`]);
  return judged(record, records, faults);
}
