/** The door of delivery: put recipients in the queue, and run the loop that empties it. */

export { enqueue, type QueuedRecipient } from './store.ts';
export { type DeliveryOptions, type DeliveryRunning, startDelivery } from './worker.ts';
