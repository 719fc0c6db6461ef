import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JournaledHit } from './hit.ts';
import type { JournalBatch } from './journal-reader.ts';
import { laneOf } from './lanes.ts';
import { sharedReading } from './shared-reading.ts';

const hit = (n: number): JournaledHit => ({
  id: `${n}`,
  atMs: n,
  kind: 'open',
  token: 'valid',
  subject: { kind: 'unknown' },
  linkIndex: null,
  isHoneypot: false,
  method: 'GET',
  ip: `81.2.69.${n}`,
  isHttps: true,
  userAgent: 'Mozilla/5.0',
  headers: {},
});

const place = (offsetBytes: number) => ({ segment: 1, offsetBytes });

/** A journal of one hit every ten bytes; counts how often it is read. */
function journal() {
  let reads = 0;
  const read = async (from: { offsetBytes: number }): Promise<JournalBatch> => {
    reads++;
    if (from.offsetBytes < 0) throw new Error('the disk fails');
    const isEnd = from.offsetBytes >= 1_000;
    return { hits: isEnd ? [] : [hit(from.offsetBytes)], next: place(from.offsetBytes + (isEnd ? 0 : 10)), damage: [] };
  };
  return { read: sharedReading(read), reads: () => reads };
}

describe('a shared reading', () => {
  it('reads once what both lanes take, also at the same moment', async () => {
    const { read, reads } = journal();
    const [one, other] = await Promise.all([read(place(0), false), read(place(0), false)]);
    assert.equal(one, other);
    assert.equal(await read(place(10), false), await read(place(10), false));
    assert.equal(reads(), 2);
  });

  it('sorts hits by lane and loses none', async () => {
    const { read } = journal();
    for (let at = 0; at < 100; at += 10) {
      const { hits, byLane } = await read(place(at), false);
      assert.deepEqual([...byLane.values()].flat(), hits);
      for (const [lane, own] of byLane) assert.ok(own.every((one) => laneOf(one) === lane));
    }
  });

  it('reads again after a third look, an end, a failure, or when the end is believed', async () => {
    const { read, reads } = journal();
    for (let look = 0; look < 3; look++) await read(place(0), false);
    assert.equal(reads(), 2);
    await read(place(1_000), false);
    await read(place(1_000), false);
    assert.equal(reads(), 4);
    await assert.rejects(read(place(-1), false));
    await assert.rejects(read(place(-1), false));
    assert.equal(reads(), 6);
    await read(place(20), false);
    await read(place(20), true);
    assert.equal(reads(), 8);
  });

  it('keeps no more than a few batches for a lane that stays behind', async () => {
    const { read, reads } = journal();
    for (let at = 0; at < 100; at += 10) await read(place(at), false);
    const before = reads();
    await read(place(0), false);
    assert.equal(reads(), before + 1, 'the oldest is forgotten');
    await read(place(90), false);
    assert.equal(reads(), before + 1, 'the newest is kept');
  });
});
