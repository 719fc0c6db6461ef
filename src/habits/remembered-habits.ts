/**
 * Habits in memory: which are young enough to be used, which are read anew beside their use, and which must go when
 * memory is full. It knows neither the database nor what habits mean.
 */
/** Older than this is read anew, and used meanwhile. */
const freshMs = 30_000;
/** Older than this is not used: what was forgotten is out of use within a minute. */
const staleMs = 60_000;

interface Sized {
  /** What it takes of the memory there is. */
  readonly blocks: number;
}

interface Kept<T> {
  readonly readAtMs: number;
  readonly habits: T;
}

interface Reading<T> {
  readonly readAtMs: number;
  readonly habits: Promise<T>;
}

export class RememberedHabits<T extends Sized> {
  /** The least recently used first. */
  readonly #kept = new Map<string, Kept<T>>();
  readonly #reading = new Map<string, Reading<T>>();
  readonly #mostBlocks: number;
  #blocks = 0;

  constructor(mostBlocks: number) {
    this.#mostBlocks = mostBlocks;
  }

  find(accountId: string, now: Date): T | undefined {
    const kept = this.#kept.get(accountId);
    if (kept === undefined || ageMs(kept, now) >= staleMs) return undefined;
    this.#kept.delete(accountId);
    this.#kept.set(accountId, kept);
    return kept.habits;
  }

  keep(accountId: string, readAt: Date, habits: T): void {
    this.#drop(accountId);
    this.#kept.set(accountId, { readAtMs: readAt.getTime(), habits });
    this.#blocks += costOf(habits);
    for (const oldest of this.#kept.keys()) {
      if (this.#blocks <= this.#mostBlocks || this.#kept.size === 1) break;
      this.#drop(oldest);
    }
  }

  /** Waits for the reading only where nothing may be used meanwhile; whoever asks at the same time shares it. */
  async fresh(accountId: string, now: Date, read: () => Promise<T>): Promise<T> {
    const found = this.find(accountId, now);
    const kept = this.#kept.get(accountId);
    if (found !== undefined && kept !== undefined && ageMs(kept, now) < freshMs) return found;
    const reading = this.#read(accountId, now, read);
    if (found === undefined) return reading;
    reading.catch(() => undefined); // whoever finds nothing young enough reads again and is told
    return found;
  }

  #read(accountId: string, now: Date, read: () => Promise<T>): Promise<T> {
    const underWay = this.#reading.get(accountId);
    if (underWay !== undefined && ageMs(underWay, now) < freshMs) return underWay.habits;
    const habits = read()
      .then((known) => {
        this.keep(accountId, now, known);
        return known;
      })
      .finally(() => {
        if (this.#reading.get(accountId)?.habits === habits) this.#reading.delete(accountId);
      });
    this.#reading.set(accountId, { readAtMs: now.getTime(), habits });
    return habits;
  }

  #drop(accountId: string): void {
    const kept = this.#kept.get(accountId);
    if (kept === undefined) return;
    this.#blocks -= costOf(kept.habits);
    this.#kept.delete(accountId);
  }
}

const ageMs = ({ readAtMs }: { readonly readAtMs: number }, now: Date): number => Math.abs(now.getTime() - readAtMs);

/** An account without habits takes a place too. */
const costOf = ({ blocks }: Sized): number => blocks + 16;
