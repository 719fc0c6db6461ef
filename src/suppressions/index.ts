/** The door of the suppression list: whom no mail goes to, asked by acceptance and delivery, filled by what comes back. */
export { noteReturn, softBounceDays } from './note-return.ts';
export { suppressionRoutes } from './routes.ts';
export { pruneReturns, type Suppressed, suppressedAmong, suppressionOf } from './store.ts';
