/** The door of upkeep: rotations of keys, backups and the doctor. */
export type { Rotation } from './key-store.ts';
export { rewrapAccount, runRotation, startRotation } from './rotate-keys.ts';
export { startRotating } from './worker.ts';
