/** The registry of /metrics, with what concerns the whole process. Labels never hold an id, address or URL. */
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Database } from './database.ts';

export function openMetrics(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

export function measureConnections(registry: Registry, db: Database): void {
  new Gauge({
    name: 'waxwing_database_connections',
    help: 'Connections to PostgreSQL that are open, of those idle, and callers that wait for one.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      for (const [state, value] of Object.entries(db.connections())) this.labels(state).set(value);
    },
  });
}
