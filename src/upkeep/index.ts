/** The door of upkeep: rotations of keys, backups and the doctor. */
export { type BackupKind, makeBackup, sizeOf } from './backup.ts';
export { checkChain, openChain } from './backup-chain.ts';
export { pruneKeyCopies } from './backup-folders.ts';
export { type DoctorNeeds, examine } from './doctor.ts';
export { type Finding, lineFor } from './finding.ts';
export type { Rotation } from './key-store.ts';
export { fullIdOf } from './manifest.ts';
export { type Restored, restoreBackup } from './restore.ts';
export { removeOldBackups } from './retain-backups.ts';
export { retireOlderKeys, rewrapAccount, runRotation, startRotation } from './rotate-keys.ts';
export { upkeepRoutes } from './routes.ts';
export { startBackups } from './run-backups.ts';
export { BackupFault } from './sealed-file.ts';
export { checkWithinMs } from './tell-doctor.ts';
export { startBackupCare, startForgettingDrafts, startRotating } from './worker.ts';
