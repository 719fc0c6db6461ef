/** A report about TLS as another mail server would send it (RFC 8460 §4.4). */
export interface WrittenPolicy {
  readonly domain?: string;
  readonly type?: string;
  readonly succeeded?: unknown;
  readonly failed?: unknown;
  readonly details?: unknown;
}

export const writtenPolicy = (about: string, one: WrittenPolicy = {}): object => ({
  policy: {
    'policy-type': one.type ?? 'sts',
    'policy-string': ['version: STSv1', 'mode: enforce'],
    'policy-domain': one.domain ?? about,
  },
  summary: {
    'total-successful-session-count': one.succeeded ?? 5326,
    'total-failure-session-count': one.failed ?? 303,
  },
  ...(one.details === undefined ? {} : { 'failure-details': one.details }),
});

/** Of the day before. */
export function writtenReport(domain: string, at: Date, changes: object = {}): object {
  const day = new Date(at.getTime() - 86_400_000).toISOString().slice(0, 10);
  return {
    'organization-name': 'Company-X',
    'date-range': { 'start-datetime': `${day}T00:00:00Z`, 'end-datetime': `${day}T23:59:59Z` },
    'contact-info': 'sts-reporting@company-x.example',
    'report-id': '5065427c-23d3-47ca-b6e0-946ea0e8c4be',
    policies: [writtenPolicy(domain)],
    ...changes,
  };
}
