/** The door of reports about TLS (RFC 8460). */
export { startForgettingTlsReports, startSendingTlsReports } from './worker.ts';
