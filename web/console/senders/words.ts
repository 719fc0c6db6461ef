/** How the console names the states of a sender domain and its records. */
import type { DnsRecord, Sender } from '../../../src/contract/senders.ts';

export const statusWords: Readonly<Record<Sender['status'], { readonly word: string; readonly about: string }>> = {
  unverified: { word: 'Not verified', about: 'Its ownership record was not seen yet. Mail of it goes unsigned.' },
  verified: { word: 'Verified, not signing', about: 'It is yours, but no signing key was seen in the DNS yet.' },
  signing: { word: 'Verified and signing', about: 'Mail of this domain and of names below it is signed.' },
};

export const recordNames: Readonly<Record<DnsRecord['purpose'], string>> = {
  ownership: 'Ownership',
  dkim: 'Signing key (DKIM)',
  spf: 'Allowed servers (SPF)',
  dmarc: 'Policy and reports (DMARC)',
  'bounce-mx': 'Where mail comes back (MX)',
  'bounce-spf': 'Allowed servers of the return address (SPF)',
  'tracking-host': 'Host of links',
  'mta-sts': 'Encryption of mail you receive (MTA-STS)',
  'tls-rpt': 'Reports on that encryption (TLS-RPT)',
};

export const stateWords: Readonly<Record<DnsRecord['state'], { readonly word: string; readonly color: string }>> = {
  unchecked: { word: 'Not looked at yet', color: 'gray' },
  right: { word: 'Right', color: 'people' },
  missing: { word: 'Missing', color: 'wax' },
  wrong: { word: 'Wrong', color: 'wax' },
  unknown: { word: 'No answer', color: 'gray' },
};

export const keyStates: Readonly<Record<Sender['keys'][number]['state'], string>> = {
  waiting: 'waits to be seen in the DNS',
  signing: 'signs',
  retired: 'replaced',
};
