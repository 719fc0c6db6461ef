/** What other mail servers report about encryption on the way to an account's own domains (RFC 8460). */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { instant, noQuery, nothing } from './values.ts';

const numbers = {
  succeeded: z.int().meta({ description: 'Connections that were encrypted as the domain asks.' }),
  failed: z.int(),
};
const day = z.iso.date().meta({ description: 'In UTC.' });

export const tlsReports = z
  .object({
    address: z.string().nullable().meta({
      description: 'Where reports are taken by mail: for the record. Null: this installation takes none.',
    }),
    url: z.string().nullable().meta({
      description: 'Where reports are taken by HTTPS: for the record. Null: the console’s own address is not HTTPS.',
    }),
    since: instant,
    days: z.array(z.object({ day, ...numbers })),
    reports: z.array(
      z.object({
        day,
        reporter: z.string().meta({ description: 'Who reports, by their own words; nothing proves it.' }),
        signedBy: z.string().nullable().meta({
          description:
            'The domain whose DKIM signature the mail bore. Null: it came by HTTPS, where nothing proves who sent it, or before signatures were checked.',
        }),
        policy: z.enum(['tlsa', 'sts', 'no-policy-found']),
        policyDomain: z.string(),
        ...numbers,
        failures: z.array(
          z.object({
            result: z.string().meta({ description: 'As RFC 8460 §4.3 names it, or `other`.' }),
            about: z.string().meta({ description: 'The same in a sentence.' }),
            sessions: z.int(),
            host: z.string().nullable(),
            address: z.string().nullable(),
            reason: z.string().nullable(),
          }),
        ),
      }),
    ),
  })
  .meta({ id: 'TlsReports' });
export type TlsReports = z.infer<typeof tlsReports>;

export const readTlsReports = endpoint({
  area: 'senders',
  name: 'readTlsReports',
  method: 'GET',
  path: '/v1/senders/{domain}/tls-reports',
  summary:
    'What other mail servers report of encryption on the way to this domain: the last 30 days by day, and up to 100 reports, those with failures first.',
  params: z.object({ domain: z.string().min(3).max(253) }),
  query: noQuery,
  body: nothing,
  status: 200,
  result: tlsReports,
  problems: ['sender_domain.not_found'],
});

export const receiveTlsReport = endpoint({
  area: 'senders',
  name: 'receiveTlsReport',
  method: 'POST',
  path: '/v1/tls-reports/{domain}',
  summary:
    'A report about TLS that another mail server sends of its mail to this domain (RFC 8460 §5.4), as it is or packed by gzip. Needs no API key.',
  open: true,
  params: z.object({ domain: z.string().min(3).max(253) }),
  query: noQuery,
  body: nothing,
  takes: ['application/tlsrpt+gzip'],
  maxBodyBytes: 512 * 1024,
  mostAMinute: 60,
  status: 204,
  result: nothing,
  problems: ['tls_report.not_found', 'tls_report.unreadable', 'tls_report.too_many', 'request.rate_limited'],
});
