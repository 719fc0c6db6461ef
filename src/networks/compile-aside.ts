/** Has a list compiled in a thread of its own: hundreds of thousands of lines would hold up whoever is answered here. */
import { Worker } from 'node:worker_threads';
import type { Compiled, CompileOrder } from './compile-list.ts';

export function compileAside(order: CompileOrder): Promise<Compiled> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./compile-thread.ts', import.meta.url), { workerData: order });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('a list was not compiled')));
  });
}
