/** The door of the emergency area: access beyond one's role for a while, in the open, and reviewed afterwards. */
export { emergencyRoutes } from './routes.ts';
export { startEmergencyCare } from './worker.ts';
