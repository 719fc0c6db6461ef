/**
 * Measures what one durable group of hits costs in each engine the journal could be built on: an append file and SQLite
 * in a worker thread. The numbers of docs/decisions/0004-edge-journal.md come from `node bench/journal.ts [folder]`.
 */
import { randomBytes } from 'node:crypto';
import { constants, mkdtempSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

const hitBytes = 350;
const groups = 1_000;

interface Engine {
  readonly name: string;
  append(frame: Buffer): Promise<void>;
  close(): Promise<void>;
}

const { O_WRONLY, O_CREAT, O_APPEND } = constants;

async function appendFile(folder: string): Promise<Engine> {
  const file = await open(join(folder, 'plain'), O_WRONLY | O_CREAT | O_APPEND, 0o600);
  const append = async (frame: Buffer): Promise<void> => {
    await file.write(frame);
    await file.datasync();
  };
  return { name: 'append file, write + fdatasync', append, close: () => file.close() };
}

async function synchronousFile(folder: string): Promise<Engine> {
  const file: FileHandle = await open(join(folder, 'dsync'), O_WRONLY | O_CREAT | O_APPEND | constants.O_DSYNC, 0o600);
  const append = async (frame: Buffer): Promise<void> => void (await file.write(frame));
  return { name: 'append file, O_DSYNC', append, close: () => file.close() };
}

const sqliteWorker = `
  const { workerData, parentPort } = require('node:worker_threads');
  const { DatabaseSync } = require('node:sqlite');
  const db = new DatabaseSync(workerData);
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE frames (id INTEGER PRIMARY KEY, body BLOB)');
  const insert = db.prepare('INSERT INTO frames (body) VALUES (?)');
  parentPort.on('message', (frame) => { insert.run(frame); parentPort.postMessage(0); });
`;

function sqlite(folder: string): Engine {
  const worker = new Worker(sqliteWorker, { eval: true, workerData: join(folder, 'frames.sqlite') });
  const append = (frame: Buffer): Promise<void> =>
    new Promise((resolve) => {
      worker.once('message', () => resolve());
      worker.postMessage(frame);
    });
  return { name: 'SQLite in a worker, WAL, FULL', append, close: async () => void (await worker.terminate()) };
}

async function measure(engine: Engine, hitsPerGroup: number): Promise<{ p50Ms: number; p99Ms: number; hits: number }> {
  const frame = randomBytes(hitBytes * hitsPerGroup);
  const tookMs: number[] = [];
  const startedAt = performance.now();
  for (let group = 0; group < groups; group++) {
    const groupAt = performance.now();
    await engine.append(frame);
    tookMs.push(performance.now() - groupAt);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  tookMs.sort((a, b) => a - b);
  const at = (share: number): number => tookMs[Math.floor(groups * share)] ?? 0;
  return { p50Ms: at(0.5), p99Ms: at(0.99), hits: (groups * hitsPerGroup) / seconds };
}

export async function benchJournal(parent = tmpdir()): Promise<void> {
  const folder = mkdtempSync(join(parent, 'waxwing-bench-'));
  const engines = [await appendFile(folder), await synchronousFile(folder), sqlite(folder)];
  try {
    for (const hitsPerGroup of [16, 256])
      for (const engine of engines) {
        const { p50Ms, p99Ms, hits } = await measure(engine, hitsPerGroup);
        console.log(
          `${engine.name.padEnd(32)} ${hitsPerGroup} hits a group: p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms, ${Math.round(hits)} hits/s`,
        );
      }
  } finally {
    for (const engine of engines) await engine.close();
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await benchJournal(process.argv[2]);
