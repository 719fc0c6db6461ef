/** Drains every journal folder of the machine that no other process drains: its own edge's, and what dead ones left. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Running } from '../platform/world.ts';
import { type DrainPace, type DrainWorld, defaultPace, drainSlot } from './drain-slot.ts';
import { type Slot, takeDrainSlots } from './journal-slots.ts';

export interface DrainOptions {
  readonly journalDir: string;
  readonly pace?: Partial<DrainPace>;
  /** How often folders of other processes are looked for. */
  readonly rescanMs?: number;
}

const defaultRescanMs = 500;

export function runDrain(world: DrainWorld, options: DrainOptions): Running {
  const stopping = new AbortController();
  const pace = { ...defaultPace, ...options.pace };
  const draining = new Map<string, Promise<void>>();

  const drain = async (slot: Slot): Promise<void> => {
    try {
      await drainSlot(world, slot, pace, stopping.signal);
    } catch (error) {
      world.log.error({ journal: slot.id, reason: (error as Error).constructor.name }, 'a drain stopped');
    } finally {
      slot.release();
      draining.delete(slot.id);
    }
  };

  const scan = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      for (const slot of freeSlots(world, options.journalDir, draining)) draining.set(slot.id, drain(slot));
      await sleep(options.rescanMs ?? defaultRescanMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };

  const scanning = scan();
  return {
    async close() {
      stopping.abort();
      await scanning;
      await Promise.all(draining.values());
    },
  };
}

function freeSlots(world: DrainWorld, journalDir: string, draining: ReadonlyMap<string, unknown>): Slot[] {
  try {
    return takeDrainSlots(journalDir, new Set(draining.keys()));
  } catch (error) {
    world.log.error({ reason: (error as NodeJS.ErrnoException).code ?? 'unknown' }, 'the journal cannot be looked at');
    return [];
  }
}
