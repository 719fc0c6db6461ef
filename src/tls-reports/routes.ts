/** The HTTP route of reports about TLS. */
import { readTlsReports as endpoint } from '../contract/tls-reports.ts';
import { tlsReportAddress } from '../core/senders/setup.ts';
import { type Route, route, writesNothing } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { readTlsReports } from './read-reports.ts';

const countsOnly = writesNothing(
  'Counts of connections and names of the domain’s own mail servers; it names no person.',
);

export const tlsReportRoutes = (world: World, options: { readonly bounceDomain?: string | undefined }): Route[] => [
  route(endpoint, 'settings.read', countsOnly, ({ params }, { accountId }) =>
    readTlsReports(world, accountId, { domain: params.domain, address: tlsReportAddress(options) }),
  ),
];
