/** The door of upkeep: rotations of keys, backups and the doctor. */
export { type BackupKind, makeBackup, sizeOf } from './backup.ts';
export { checkChain, openChain } from './backup-chain.ts';
export { pruneKeyCopies } from './backup-folders.ts';
export { examine } from './doctor.ts';
export { lineFor } from './finding.ts';
export type { Rotation } from './key-store.ts';
export { fullIdOf } from './manifest.ts';
export { type Restored, restoreBackup } from './restore.ts';
export { removeOldBackups } from './retain-backups.ts';
export { rewrapAccount, runRotation, startRotation } from './rotate-keys.ts';
export { BackupFault } from './sealed-file.ts';
export { startBackupCare, startRotating } from './worker.ts';
