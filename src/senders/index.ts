/** The door of sender domains: whose domains mail is sent from, what their DNS says, and who signs. */

export { requireSender } from './change-senders.ts';
export { senderRoutes } from './routes.ts';
export { isOfAnother, senderOfDomain, verifiedSenders } from './signers.ts';
export { startLookingAtSenders } from './worker.ts';
