/** The door of reports about TLS (RFC 8460): ours about recipients' servers, others' about accounts' own domains. */
export { tlsReportRoutes } from './routes.ts';
export { takeTlsReport } from './take-report.ts';
export { startTlsReports } from './worker.ts';
