/**
 * The door of the suppression list: whom no mail goes to, asked by acceptance and delivery, filled by what comes back; and
 * the envelope senders that let it come back.
 */
export { type FollowedPages, followUnsubscribePages } from './follow-pages.ts';
export { noteGone } from './note-gone.ts';
export { noteReturn, softBounceDays } from './note-return.ts';
export { noteUnsubscribed } from './note-unsubscribed.ts';
export { returnPathOf, returnPathReader, unsubscribeMailOf, unsubscribeMailReader } from './return-path.ts';
export { suppressionRoutes } from './routes.ts';
export { pruneReturns, type Suppressed, suppressedAmong, suppressionsOf } from './store.ts';
