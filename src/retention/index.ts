/** The door of retention: legal holds, how long messages are kept, and the tidying of what only grows. */
export { retentionRoutes } from './routes.ts';
export { startRetention, startTidying } from './worker.ts';
