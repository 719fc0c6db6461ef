/**
 * Has a list compiled in a thread of its own: hundreds of thousands of lines would hold up whoever is answered here, and
 * what a hostile publisher makes of 64 MiB must not take the process along.
 */
import { Worker } from 'node:worker_threads';
import type { Compiled, CompileOrder } from './compile-list.ts';

const deadlineMs = 90_000;
/** Beyond what the largest table needs, four times. */
const resourceLimits = { maxOldGenerationSizeMb: 1_024 };

const refused = (code: 'too_large' | 'unreadable', why: string): Compiled => ({ kind: 'refused', code, why });

const faultOf = (error: unknown): Parameters<typeof refused> =>
  (error as { code?: unknown }).code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? ['too_large', 'Reading it takes more memory than any list needs.']
    : ['unreadable', 'It could not be read to the end.'];

export function compileAside(order: CompileOrder): Promise<Compiled> {
  return new Promise((resolve) => {
    const worker = new Worker(new URL('./compile-thread.ts', import.meta.url), { workerData: order, resourceLimits });
    const timer = setTimeout(() => void worker.terminate(), deadlineMs);
    worker.once('message', resolve);
    worker.once('error', (error) => resolve(refused(...faultOf(error))));
    worker.once('exit', () => {
      clearTimeout(timer);
      // Only the first answer counts: a message, then an error, then this.
      resolve(refused('too_large', 'Reading it took longer than any list needs.'));
    });
  });
}
