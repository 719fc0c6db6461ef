/** A report about TLS as RFC 8460 §4.4 writes it, from what was counted of one domain's day. It sends nothing. */
import type { TlsCounted, TlsPolicy } from '../delivery/tls-session.ts';

export interface Counted {
  readonly counted: TlsCounted;
  readonly sessions: number;
}

export interface ReportFrame {
  readonly id: string;
  readonly day: string;
  /** Who is asked about it; its domain names us. */
  readonly contact: string;
}

export const submitterOf = ({ contact }: Pick<ReportFrame, 'contact'>): string =>
  contact.slice(contact.lastIndexOf('@') + 1);

export const writeReport = (frame: ReportFrame, counts: readonly Counted[]): object => ({
  'organization-name': submitterOf(frame),
  'date-range': { 'start-datetime': `${frame.day}T00:00:00Z`, 'end-datetime': `${frame.day}T23:59:59Z` },
  'contact-info': frame.contact,
  'report-id': frame.id,
  policies: [...Map.groupBy(counts, ({ counted }) => JSON.stringify(counted.policy)).values()].map(policyPart),
});

function policyPart(counts: readonly Counted[]): object {
  const failures = counts.filter(({ counted }) => counted.failure !== null);
  const sum = (some: readonly Counted[]): number => some.reduce((total, { sessions }) => total + sessions, 0);
  const policy = counts[0]?.counted.policy;
  return {
    policy: policy === undefined ? {} : policyFields(policy),
    summary: {
      'total-successful-session-count': sum(counts) - sum(failures),
      'total-failure-session-count': sum(failures),
    },
    ...(failures.length === 0 ? {} : { 'failure-details': failures.map(failurePart) }),
  };
}

const policyFields = ({ type, lines, domain, mx }: TlsPolicy): object => ({
  'policy-type': type,
  ...(lines.length === 0 ? {} : { 'policy-string': lines }),
  'policy-domain': domain,
  ...(mx.length === 0 ? {} : { 'mx-host': mx }),
});

const failurePart = ({ counted, sessions }: Counted): object => ({
  'result-type': counted.failure,
  ...(counted.source === null ? {} : { 'sending-mta-ip': counted.source }),
  ...(counted.host === null ? {} : { 'receiving-mx-hostname': counted.host }),
  ...(counted.address === null ? {} : { 'receiving-ip': counted.address }),
  'failed-session-count': sessions,
  ...(counted.reason === null ? {} : { 'failure-reason-code': counted.reason }),
});
