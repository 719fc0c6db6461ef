/** The HTTP routes of reports about TLS. */
import { Problem } from '../contract/problem.ts';
import { readTlsReports as readEndpoint, receiveTlsReport } from '../contract/tls-reports.ts';
import { tlsReportAddress, tlsReportUrl } from '../core/senders/setup.ts';
import { type Route, route, writesNothing } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { readTlsReports } from './read-reports.ts';
import { takePostedReport } from './take-report.ts';

const countsOnly = writesNothing(
  'Counts of connections and names of the domain’s own mail servers; it names no person.',
);
const strangersWords = writesNothing(
  'Anybody may send one; it changes nothing but what is shown, and names no person.',
);

interface TlsReportOptions {
  readonly bounceDomain?: string | undefined;
  /** Where the console and the API are reached. */
  readonly publicUrl?: string | undefined;
}

export const tlsReportRoutes = (world: World, options: TlsReportOptions): Route[] => [
  route(readEndpoint, 'settings.read', countsOnly, ({ params }, { accountId }) =>
    readTlsReports(world, accountId, {
      domain: params.domain,
      address: tlsReportAddress(options),
      url: tlsReportUrl(options, params.domain),
    }),
  ),
  route(receiveTlsReport, 'open', strangersWords, async ({ params, rawBody }) => {
    const taken = await takePostedReport(world, params.domain, rawBody);
    if (taken === 'unreadable') throw new Problem('tls_report.unreadable');
    if (taken === 'nobody') throw new Problem('tls_report.not_found');
    if (taken === 'too-many') throw new Problem('tls_report.too_many');
    return undefined;
  }),
];
