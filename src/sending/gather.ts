/**
 * Lets work that arrives together be done together: while one round is under way the next one gathers, so that a busy
 * moment costs few transactions and a quiet one waits for nobody. It keeps no item longer than its round.
 */

export interface GatherOptions<Item, Result> {
  readonly maxItems: number;
  readonly maxWeight: number;
  /** Rounds of one key at the same time. */
  readonly maxRounds: number;
  readonly weigh: (item: Item) => number;
  /** One result per item, in order. */
  readonly work: (key: string, items: readonly Item[]) => Promise<readonly Result[]>;
  /** Whether a failed round may be tried again item by item, so that one cannot fail its neighbours. */
  readonly isWorthSplitting: (error: unknown) => boolean;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

interface Line<Item, Result> {
  readonly waiting: Waiting<Item, Result>[];
  rounds: number;
}

export function gather<Item, Result>(
  options: GatherOptions<Item, Result>,
): (key: string, item: Item) => Promise<Result> {
  const lines = new Map<string, Line<Item, Result>>();
  const advance = (key: string, line: Line<Item, Result>): void => {
    while (line.rounds < options.maxRounds && line.waiting.length > 0) {
      line.rounds++;
      void runRound(options, key, nextRound(options, line)).finally(() => {
        line.rounds--;
        if (line.rounds === 0 && line.waiting.length === 0) lines.delete(key);
        else advance(key, line);
      });
    }
  };
  return (key, item) =>
    new Promise((resolve, reject) => {
      const line = lines.get(key) ?? { waiting: [], rounds: 0 };
      lines.set(key, line);
      line.waiting.push({ item, resolve, reject });
      advance(key, line);
    });
}

function nextRound<Item, Result>(options: GatherOptions<Item, Result>, line: Line<Item, Result>) {
  let weight = 0;
  const fits = line.waiting.findIndex(({ item }, index) => {
    weight += options.weigh(item);
    return index > 0 && (index >= options.maxItems || weight > options.maxWeight);
  });
  return line.waiting.splice(0, fits < 0 ? line.waiting.length : fits);
}

async function runRound<Item, Result>(
  options: GatherOptions<Item, Result>,
  key: string,
  round: readonly Waiting<Item, Result>[],
): Promise<void> {
  try {
    const results = await options.work(
      key,
      round.map(({ item }) => item),
    );
    for (const [index, { resolve }] of round.entries()) resolve(results[index] as Result);
  } catch (error) {
    if (round.length > 1 && options.isWorthSplitting(error)) {
      for (const one of round) await runRound(options, key, [one]);
    } else for (const { reject } of round) reject(error);
  }
}
