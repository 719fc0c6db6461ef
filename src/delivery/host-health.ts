/**
 * What this process knows of the health of hosts that mail goes to: who rests after failures, and who answered when. It
 * decides by core/delivery/circuit, keeps a bounded number and connects to nothing.
 */
import QuickLru from 'quick-lru';
import {
  afterAnswer,
  afterFailure,
  afterProbe,
  type Circuit,
  type HostState,
  hostState,
  newCircuit,
} from '../core/delivery/circuit.ts';
import { restingLast } from '../core/delivery/host-order.ts';
import { type HostAnswer, hostFault } from '../core/delivery/next-host.ts';
import type { Why } from '../core/delivery/reasons.ts';

export interface HostHealth {
  /** In the order to be tried: those that rest come last. */
  arrange<Host extends { readonly key: string }>(hosts: readonly Host[]): Host[];
  /** A copy sets out to it. */
  tries(key: string): void;
  answered(key: string, answer: HostAnswer): void;
  /** Of these, those that were tried by this process. */
  tell(keys: Iterable<string>): ToldHost[];
}

export interface ToldHost {
  readonly key: string;
  readonly state: HostState;
  readonly answeredAt: Date | null;
  readonly failingSince: Date | null;
  readonly lastWhy: Why | null;
  readonly restsUntil: Date | null;
}

interface Known {
  circuit: Circuit;
  answeredAtMs: number | null;
}

const rememberedHosts = 20_000;

export function openHostHealth(now: () => Date): HostHealth {
  const hosts = new QuickLru<string, Known>({ maxSize: rememberedHosts });
  const known = (key: string): Known => {
    const found = hosts.get(key) ?? { circuit: newCircuit, answeredAtMs: null };
    hosts.set(key, found);
    return found;
  };
  const stateOf = (key: string): HostState => hostState(hosts.get(key)?.circuit ?? newCircuit, now().getTime());
  return {
    arrange: (all) => restingLast(all, ({ key }) => stateOf(key) === 'resting'),
    tries(key) {
      if (stateOf(key) !== 'probing') return;
      const one = known(key);
      one.circuit = afterProbe(one.circuit, now().getTime());
    },
    answered(key, answer) {
      const fault = hostFault(answer);
      // What says nothing of the host, such as an address that no connection is made to, is not told as its answer.
      if (fault === null) return;
      const one = known(key);
      if (fault === 'none') {
        one.circuit = afterAnswer();
        one.answeredAtMs = now().getTime();
      } else one.circuit = afterFailure(one.circuit, { nowMs: now().getTime(), why: fault, chance: Math.random() });
    },
    tell: (keys) =>
      [...keys].flatMap((key) => {
        const one = hosts.peek(key);
        return one === undefined ? [] : [told(key, one, stateOf(key))];
      }),
  };
}

const dateOf = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));

const told = (key: string, { circuit, answeredAtMs }: Known, state: HostState): ToldHost => ({
  ...{ key, state, answeredAt: dateOf(answeredAtMs) },
  failingSince: circuit.failures === 0 ? null : new Date(circuit.failingSinceMs),
  lastWhy: circuit.lastWhy,
  restsUntil: state === 'resting' ? new Date(circuit.restsUntilMs) : null,
});
