/**
 * The door of delivery: put recipients in the queue, and run the loop that empties it. A message's header_sealed is the
 * `StoredHeader` of core/delivery under the message's key.
 */
export { cancelDeliveries } from './cancel-deliveries.ts';
export { readDueAt } from './due-at.ts';
export { startRefreshingPolicies } from './policy-sources.ts';
export { openQueueBell } from './queue-bell.ts';
export { queueRoutes } from './queue-routes.ts';
export { deliveryRoutes } from './routes.ts';
export { enqueue } from './store.ts';
export { takeTlsDay } from './tls-tally.ts';
export { type Delivery, type DeliveryOptions, startDelivery } from './worker.ts';
