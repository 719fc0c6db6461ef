/** The door of the providers area: what other sending providers tell of their mail becomes events and verdicts of ours. */
export { providerRoutes } from './routes.ts';
export { takePayload } from './take-payload.ts';
