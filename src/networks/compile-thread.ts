/** Compiles one list in a thread of its own, and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { type CompileOrder, compileList } from './compile-list.ts';

parentPort?.postMessage(compileList(workerData as CompileOrder));
