/** The door of the alerting area: people are mailed what they should look at. */
export { alertingRoutes } from './routes.ts';
export { startAlerting } from './worker.ts';
