/** How old and how large the lists of networks are that this process judges by. */
import { Gauge } from 'prom-client';
import type { World } from '../platform/world.ts';
import type { FollowedNetworks } from './networks-in-use.ts';

export function measureNetworks({ metrics, clock }: Pick<World, 'metrics' | 'clock'>, inUse: FollowedNetworks): void {
  new Gauge({
    name: 'waxwing_network_list_age_seconds',
    help: 'Since a list of networks was given, or confirmed as unchanged, by its source.',
    labelNames: ['list'],
    registers: [metrics],
    collect() {
      const nowMs = clock.now().getTime();
      for (const { name, fetchedAt } of inUse.lists())
        this.labels(name).set(Math.max(0, (nowMs - fetchedAt.getTime()) / 1000));
    },
  });
  new Gauge({
    name: 'waxwing_network_list_prefixes',
    help: 'Prefixes of a list of networks that is in use.',
    labelNames: ['list'],
    registers: [metrics],
    collect() {
      for (const { name, prefixes } of inUse.lists()) this.labels(name).set(prefixes);
    },
  });
}
