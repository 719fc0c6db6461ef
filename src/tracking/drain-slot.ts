/**
 * Moves one journal folder into the database, batch after batch, for as long as it is asked to. A database that is away is
 * waited for; a hit that cannot be stored is set aside; nothing else stops it.
 */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseUnavailable } from '../platform/database.ts';
import { KeyUnknown } from '../platform/vault.ts';
import { type Courtesy, courtesyTo } from './courtesy.ts';
import { encodeEntry, type JournalEntry } from './hit.ts';
import type { CountHits } from './hit-counter.ts';
import { sealFrame } from './journal-frame.ts';
import { type JournalBatch, readBatch } from './journal-reader.ts';
import { deleteDrained, type JournalPosition } from './journal-segments.ts';
import type { Slot } from './journal-slots.ts';
import { laneId, lanes } from './lanes.ts';
import { type ReadShared, type SharedBatch, sharedReading } from './shared-reading.ts';
import { readPosition } from './store.ts';
import { type BatchWorld, PositionMoved, storeAllButPoison, storeBatch } from './store-batch.ts';

type LogLine = (facts: object, text: string) => void;

export interface DrainWorld extends BatchWorld {
  readonly log: { readonly info: LogLine; readonly warn: LogLine; readonly error: LogLine };
  readonly count: CountHits;
}

export interface DrainPace {
  /** Of one lane and transaction. Larger ones cost less a hit: 3,000 drained a tenth to a fifth faster than 1,000. */
  readonly batchHits: number;
  /** How long an idle drain waits before it looks again. */
  readonly idleMs: number;
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
}

export const defaultPace: DrainPace = { batchHits: 3_000, idleMs: 40, minBackoffMs: 100, maxBackoffMs: 5_000 };

/** Reads the whole folder in each lane; every lane stores its own share and keeps its own place. */
export async function drainSlot(world: DrainWorld, slot: Slot, pace: DrainPace, stop: AbortSignal): Promise<void> {
  const drained = new Map<number, JournalPosition>();
  const onStored = async (lane: number, position: JournalPosition): Promise<void> => {
    const segmentBefore = drained.get(lane)?.segment;
    drained.set(lane, position);
    if (segmentBefore === position.segment || drained.size < lanes.length) return;
    const slowest = [...drained.values()].reduce((one, other) => (one.segment < other.segment ? one : other));
    await deleteDrained(slot.folder, slowest).catch(() => undefined);
  };
  const courtesy = courtesyTo(slot.folder);
  const sealer = world.vault.sealer('journal');
  const maxHits = pace.batchHits * lanes.length;
  const read = sharedReading((from, isSettled) => readBatch(slot.folder, sealer, from, maxHits, isSettled));
  await Promise.all(lanes.map((lane) => drainLane({ world, slot, pace, stop, lane, read, onStored, courtesy })));
}

interface LaneRun {
  readonly world: DrainWorld;
  readonly slot: Slot;
  readonly pace: DrainPace;
  readonly stop: AbortSignal;
  readonly lane: number;
  readonly read: ReadShared;
  readonly onStored: (lane: number, position: JournalPosition) => Promise<void>;
  readonly courtesy: Courtesy;
}

/** Where the database says the lane is, and how far it has been read since without meeting a hit of its own. */
interface Place {
  readonly stored: JournalPosition;
  readonly read: JournalPosition;
}

async function drainLane(run: LaneRun): Promise<void> {
  const { pace, stop } = run;
  let isIdle = false;
  let place = await storedPlace(run);
  while (place !== undefined && !stop.aborted) {
    const from: JournalPosition = place.read;
    const settled = isIdle;
    const batch = await insist(run, () => run.read(from, settled));
    if (batch === undefined) return;
    isIdle = isSame(batch.next, from);
    if (isIdle) await nap(pace.idleMs, stop);
    else place = await takeBatch(run, place, batch);
  }
}

async function storedPlace(run: LaneRun): Promise<Place | undefined> {
  const stored = await insist(run, () => readPosition(run.world.db, laneId(run.slot.id, run.lane)));
  return stored && { stored, read: stored };
}

const isSame = (one: JournalPosition, other: JournalPosition): boolean =>
  one.segment === other.segment && one.offsetBytes === other.offsetBytes;

async function takeBatch(run: LaneRun, place: Place, batch: SharedBatch): Promise<Place | undefined> {
  const hits = batch.byLane.get(run.lane) ?? [];
  if (run.lane === 0) tellDamage(run.world, batch);
  if (hits.length === 0 && batch.next.segment === place.stored.segment) return { ...place, read: batch.next };
  const startedAtMs = performance.now();
  try {
    await insist(run, (attempt) => store(run, place.stored, batch.next, hits, attempt));
  } catch (error) {
    if (!(error instanceof PositionMoved)) throw error;
    return storedPlace(run);
  }
  if (run.stop.aborted) return undefined; // stored or not: the database knows, and the next drain asks it
  await run.onStored(run.lane, batch.next);
  await run.courtesy(performance.now() - startedAtMs, (waitMs) => nap(waitMs, run.stop));
  return { stored: batch.next, read: batch.next };
}

async function store(
  { world, slot, lane }: LaneRun,
  from: JournalPosition,
  to: JournalPosition,
  hits: readonly JournalEntry[],
  attempt: number,
): Promise<void> {
  const step = { journalId: laneId(slot.id, lane), from, to };
  const stored = attempt === 0 ? await storeBatch(world, step, hits) : await storeRest(world, slot, step, hits);
  world.count('drained', hits.length);
  world.count('unattributed', stored.unattributed);
  if (stored.judgedAlone > 0)
    world.log.warn({ hits: stored.judgedAlone }, 'hits were judged singly: their sequences are too long');
}

async function storeRest(
  world: DrainWorld,
  slot: Slot,
  step: Parameters<typeof storeBatch>[1],
  hits: readonly JournalEntry[],
): ReturnType<typeof storeBatch> {
  const setAside = (poison: readonly JournalEntry[]): Promise<void> => quarantine(world, slot, poison);
  const { stored, poisoned } = await storeAllButPoison(world, step, hits, isPassing, setAside);
  if (poisoned > 0) {
    world.count('quarantined', poisoned);
    world.log.error({ hits: poisoned, journal: slot.id }, 'hits could not be stored and were set aside');
  }
  return stored;
}

/** Sealed like the journal itself, in the same frames, for whoever looks into it later. */
async function quarantine(world: DrainWorld, slot: Slot, poison: readonly JournalEntry[]): Promise<void> {
  const file = await open(join(slot.folder, 'quarantine.wxj'), 'a', 0o600);
  try {
    await file.writeFile(sealFrame(world.vault.sealer('journal'), poison.map(encodeEntry)));
    await file.datasync();
  } finally {
    await file.close();
  }
}

function tellDamage(world: DrainWorld, { damage }: JournalBatch): void {
  for (const { at, bytes, hits } of damage) {
    world.count('lost', hits);
    world.log.error({ ...at, bytes, hits }, 'a part of the journal is damaged and was skipped');
  }
}

/**
 * Data exception, integrity constraint violation, program limit exceeded: the classes that a hit itself can cause
 * (PostgreSQL docs, appendix A). A server that is read-only, a schema of another version or a missing grant pass once
 * somebody mends them, and no hit is to blame.
 */
const ofTheHit = /^(22|23|54)...$/;
const anyState = /^[0-9A-Z]{5}$/;

function isPassing(error: unknown): boolean {
  // A rotation that this process hears of in a moment is no hit's fault either.
  if (error instanceof DatabaseUnavailable || error instanceof KeyUnknown) return true;
  const state = String((error as { code?: unknown }).code);
  return anyState.test(state) && !ofTheHit.test(state);
}

/**
 * Tries until it works or is told to stop (undefined then). `attempt` counts failures that are not the weather's, so that
 * the second try can be another one.
 */
async function insist<T>(
  { world, pace, stop }: Pick<LaneRun, 'world' | 'pace' | 'stop'>,
  run: (attempt: number) => Promise<T>,
): Promise<T | undefined> {
  let waitMs = pace.minBackoffMs;
  let attempt = 0;
  for (let failures = 0; !stop.aborted; failures++) {
    try {
      const result = await run(attempt);
      if (failures > 0) world.log.info({ failures }, 'the drain goes on');
      return result;
    } catch (error) {
      if (error instanceof PositionMoved) throw error;
      if (!isPassing(error)) attempt++;
      if (failures === 0 || attempt > 1) world.log.warn({ reason: reasonOf(error) }, 'the drain waits and tries again');
      if (attempt !== 1) await nap(waitMs, stop);
      waitMs = Math.min(waitMs * 2, pace.maxBackoffMs);
    }
  }
  return undefined;
}

/** An error's class or code: the message of a database error can repeat values. */
const reasonOf = (error: unknown): string =>
  String((error as { code?: unknown }).code ?? (error instanceof Error ? error.constructor.name : typeof error));

async function nap(waitMs: number, stop: AbortSignal): Promise<void> {
  if (waitMs <= 0) return;
  await sleep(waitMs, undefined, { signal: stop }).catch(() => undefined);
}
