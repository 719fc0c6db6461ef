import assert from 'node:assert/strict';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { courtesyTo } from './courtesy.ts';
import { segmentPath } from './journal-segments.ts';

describe('the drain’s courtesy', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'waxwing-courtesy-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('rests many times as long as it worked while the journal grows fast, and not at all otherwise', async () => {
    let nowMs = 0;
    const courtesy = courtesyTo(folder, () => nowMs);
    let growthPerMs = 0;
    const grow = (bytes: number): Promise<void> => appendFile(segmentPath(folder, 1), Buffer.alloc(bytes));
    const restAfter = async (workedMs: number): Promise<number> => {
      let restedMs = 0;
      await courtesy(workedMs, async (waitMs) => {
        restedMs += waitMs;
        nowMs += waitMs;
        await grow(growthPerMs * waitMs);
      });
      return restedMs;
    };
    await grow(1_000);
    assert.equal(await restAfter(100), 0);
    nowMs += 1_000;
    await grow(3 << 20);
    growthPerMs = 3_000;
    assert.equal(await restAfter(100), 2_400);
    assert.equal(await restAfter(10_000), 3_000, 'it never stops for long');
    growthPerMs = 10;
    assert.equal(await restAfter(10_000), 250, 'it goes on as soon as the edge is quiet');
    assert.equal(await restAfter(100), 0);
  });
});
