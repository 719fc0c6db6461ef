/** What operators see of delivery: attempts by what came of them, and how deep the queue is. No names, no addresses. */
import { Counter, Gauge } from 'prom-client';
import type { Outcome } from '../core/delivery/outcome.ts';
import type { World } from '../platform/world.ts';
import { readQueueDepth } from './store.ts';

export interface DeliveryMetrics {
  attempted(outcome: Outcome): void;
}

export function deliveryMetrics(world: Pick<World, 'db' | 'clock' | 'metrics'>, held: () => number): DeliveryMetrics {
  const registers = [world.metrics];
  const attempts = new Counter({
    name: 'waxwing_delivery_attempts_total',
    help: 'Delivery attempts by outcome and reason.',
    labelNames: ['outcome', 'why'],
    registers,
  });
  new Gauge({
    name: 'waxwing_delivery_in_flight',
    help: 'Recipients that this process has claimed and not recorded yet.',
    registers,
    collect() {
      this.set(held());
    },
  });
  const overdue = new Gauge({
    name: 'waxwing_delivery_overdue_seconds',
    help: 'How long the recipient that is due longest has waited.',
    registers,
  });
  new Gauge({
    name: 'waxwing_delivery_queue_depth',
    help: 'Recipients in the queue, counted up to 100,000.',
    registers,
    async collect() {
      const found = await world.db.asWorker(readQueueDepth).catch(() => null);
      if (found === null) return;
      this.set(found.depth);
      const oldestMs = found.oldestDueAt === null ? 0 : world.clock.now().getTime() - found.oldestDueAt.getTime();
      overdue.set(Math.max(oldestMs, 0) / 1_000);
    },
  });
  return { attempted: (outcome) => attempts.inc({ outcome: outcome.kind, why: outcome.why }) };
}
