/**
 * Decides how a host that fails is treated: after failures in a row it rests, then a single copy tries it, and what comes
 * of that decides. It knows no clock but what it is told.
 */
import type { Why } from './reasons.ts';

export interface Circuit {
  /** In a row. */
  readonly failures: number;
  readonly failingSinceMs: number;
  readonly lastWhy: Why | null;
  /** It rests until then. */
  readonly restsUntilMs: number;
  /** Rests in a row without an answer in between. */
  readonly rests: number;
  /** When a copy set out to try it after a rest; null: none has. */
  readonly probedAtMs: number | null;
}

export type HostState = 'working' | 'resting' | 'probing';

export const newCircuit: Circuit = {
  ...{ failures: 0, failingSinceMs: 0, lastWhy: null, restsUntilMs: 0, rests: 0, probedAtMs: null },
};

const failuresToRest = 2;
const firstRestMs = 5_000;
const longestRestMs = 300_000;
/** A copy that was sent to try it and never told what came of it. */
const forgottenProbeMs = 120_000;

export function hostState(circuit: Circuit, nowMs: number): HostState {
  if (circuit.rests === 0) return 'working';
  if (nowMs < circuit.restsUntilMs) return 'resting';
  return circuit.probedAtMs !== null && nowMs - circuit.probedAtMs < forgottenProbeMs ? 'resting' : 'probing';
}

/** Somebody sets out to try it: the others leave it alone until that is answered. */
export const afterProbe = (circuit: Circuit, nowMs: number): Circuit => ({ ...circuit, probedAtMs: nowMs });

/** It answered, whatever it said of the message. */
export const afterAnswer = (): Circuit => newCircuit;

/** @param chance from 0 up to 1, so that processes do not come back together. */
export function afterFailure(
  circuit: Circuit,
  at: { readonly nowMs: number; readonly why: Why; readonly chance: number },
): Circuit {
  const { nowMs, why, chance } = at;
  const failures = circuit.failures + 1;
  const failing = { failures, lastWhy: why, failingSinceMs: circuit.failures === 0 ? nowMs : circuit.failingSinceMs };
  // Copies that were under way together are one failure.
  if (failures < failuresToRest || nowMs < circuit.restsUntilMs) return { ...circuit, ...failing };
  const restMs = Math.min(firstRestMs * 2 ** circuit.rests, longestRestMs) * (0.8 + 0.4 * chance);
  return { ...failing, restsUntilMs: nowMs + restMs, rests: circuit.rests + 1, probedAtMs: null };
}
