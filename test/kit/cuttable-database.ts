/** A world whose database can be made to go away and come back: a relay on a socket of its own in front of PostgreSQL. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, connect as dial, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../src/platform/database.ts';
import type { TestWorld } from './world.ts';

export interface CuttableWorld {
  readonly world: TestWorld;
  cut(): void;
  /** It stays connected and takes new connections, but answers nothing any more. */
  freeze(): void;
  restore(): void;
  close(): Promise<void>;
}

const socketName = '.s.PGSQL.5432';

export async function cuttableWorld(world: TestWorld): Promise<CuttableWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-relay-'));
  const target = join(String(world.database.connection.host), socketName);
  const open = new Set<Socket>();
  let isCut = false;
  let isFrozen = false;
  const relay = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    if (isFrozen) {
      near.on('error', () => {}).on('close', () => open.delete(near));
      open.add(near);
      return;
    }
    const far = dial(target);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => relay.listen(join(folder, socketName), resolve));
  const db = openDatabase({
    connection: { ...world.database.connection, host: folder },
    answerTimeoutMs: 500,
    onIdleError: () => undefined,
  });
  return {
    world: { ...world, db },
    cut() {
      isCut = true;
      for (const socket of open) socket.destroy();
    },
    freeze() {
      isFrozen = true;
      for (const socket of open) socket.pause();
    },
    restore() {
      isCut = false;
      isFrozen = false;
      for (const socket of open) socket.resume();
    },
    async close() {
      await db.close();
      await new Promise((resolve) => relay.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
