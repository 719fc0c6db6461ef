import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { testKeys } from '../../test/kit/mail.ts';
import { sendTracked, startTracking, type Tracking } from '../../test/kit/tracking.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { readBatch } from './journal-reader.ts';

// Only an administrator can mount a small disk of its own; the limit of maxJournalBytes is tested everywhere.
const canMount = process.platform === 'linux' && process.getuid?.() === 0;

describe('a full disk', { skip: canMount ? false : 'needs to mount a small disk' }, () => {
  let world: TestWorld;
  let disk: string;
  let tracking: Tracking;
  before(async () => {
    world = await testWorld();
    disk = await mkdtemp(join(tmpdir(), 'waxwing-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk]);
    tracking = await startTracking(world, [], disk);
    await tracking.stopDrain();
  });
  after(async () => {
    await tracking?.close();
    execFileSync('umount', ['-l', disk]);
    await rm(disk, { recursive: true });
    await world.close();
  });

  it('is answered over, counted and complained about, and journaled on again once there is room', async () => {
    const keys = await testKeys(world);
    const to = ['ana@example.org', 'ben@example.org'];
    const [copy] = await sendTracked(world, keys, tracking.baseUrl, { to, acceptedAt: '2026-11-22T10:00:00Z' });
    assert.ok(copy);
    const ask = async (times: number): Promise<void> => {
      for (let n = 0; n < times; n++) {
        const response = await fetch(copy.click(n, 'https://clinic.example/x'), { redirect: 'manual' });
        assert.equal(response.status, 302);
      }
    };
    await ask(5);
    assert.equal(await tracking.hits('journaled'), 5);

    await fillUp(join(disk, 'filler'));
    await ask(60);
    const lost = await tracking.hits('lost');
    assert.ok(lost > 0, 'the disk was never full');
    assert.equal((await tracking.hits('journaled')) + lost, 65);
    assert.equal(tracking.edge.isJournalHealthy(), false);
    assert.ok(world.logLines.some((line) => line.includes('hits are lost') && line.includes('ENOSPC')));

    await rm(join(disk, 'filler'));
    await ask(5);
    assert.equal(tracking.edge.isJournalHealthy(), true);
    assert.equal(await tracking.hits('lost'), lost);
    const [slot = ''] = await readdir(tracking.journalDir);
    const from = { segment: 0, offsetBytes: 0 };
    const kept = await readBatch(join(tracking.journalDir, slot), world.vault.sealer('journal'), from, 1_000, true);
    assert.deepEqual([kept.hits.length, kept.damage.length], [70 - lost, 0]);
    tracking.startDrain();
    await tracking.drained();
  });
});

async function fillUp(path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (;;) await file.writeFile(Buffer.alloc(1_000, 1));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  } finally {
    await file.close();
  }
}
