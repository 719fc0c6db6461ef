/** The door of the webhooks area: customers' own programs are told of what happens to their mail. */
export { webhookRoutes } from './routes.ts';
export { webhookFeeder } from './settled-hits.ts';
export { startWebhooks } from './worker.ts';
