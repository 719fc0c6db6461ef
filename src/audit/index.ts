/** The door of the audit area: entries, the chain over them, and its export. */

export type { Directory } from './directory.ts';
export { type EmergencyEntry, entriesOfEmergency } from './emergency-entries.ts';
export { storedChain } from './export-chain.ts';
export { type AuditEntry, record, shownUnderEmergency } from './record.ts';
export { auditRoutes } from './routes.ts';
export { sealAddress } from './sealed-address.ts';
export { verifyExport, verifyStored } from './verify-file.ts';
export { startAuditSealer } from './worker.ts';
