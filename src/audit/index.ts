/** The door of the audit area: entries, the chain over them, and its export. */
export { storedChain } from './export-chain.ts';
export { type AuditEntry, record } from './record.ts';
export { auditRoutes } from './routes.ts';
export { verifyExport } from './verify-file.ts';
export { startAuditSealer } from './worker.ts';
