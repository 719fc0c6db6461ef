/**
 * Decides which large copies may be in memory now: each is written on its own, so that a hundred of them take a hundred times
 * the room. A small one always goes. Who finds no room is told a turn, and nobody waits for them. It reads and writes nothing.
 */

export interface LargeCopies {
  /** A function that is asked of copies one after the other, and counts those that it lets go. */
  asking(): (sizeBytes: number) => boolean;
  began(sizeBytes: number): void;
  ended(sizeBytes: number): void;
  /** When one that found no room may ask again: one behind the other. */
  nextTurn(now: Date): Date;
}

const largeBytes = 1024 * 1024;
const defaultMostBytes = 256 * 1024 * 1024;
const soonestMs = 1_000;
/** No faster than large copies leave in any case: a line of them is not put back over and over. */
const betweenTurnsMs = 100;

export function boundLargeCopies(mostBytes: number = defaultMostBytes): LargeCopies {
  let heldBytes = 0;
  let lastTurnMs = 0;
  const counted = (sizeBytes: number): number => (sizeBytes < largeBytes ? 0 : sizeBytes);
  return {
    asking() {
      let plannedBytes = heldBytes;
      return (sizeBytes) => {
        const asked = counted(sizeBytes);
        // One alone always goes, however large it is.
        if (asked > 0 && plannedBytes > 0 && plannedBytes + asked > mostBytes) return false;
        plannedBytes += asked;
        return true;
      };
    },
    began: (sizeBytes) => {
      heldBytes += counted(sizeBytes);
    },
    ended: (sizeBytes) => {
      heldBytes -= counted(sizeBytes);
    },
    nextTurn(now) {
      lastTurnMs = Math.max(now.getTime() + soonestMs, lastTurnMs + betweenTurnsMs);
      return new Date(lastTurnMs);
    },
  };
}
