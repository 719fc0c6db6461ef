import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { pino } from 'pino';
import { openVault } from '../platform/vault.ts';
import type { JournaledHit } from './hit.ts';
import { encodeEntry } from './hit.ts';
import type { HitState } from './hit-counter.ts';
import { type Journal, openJournal } from './journal.ts';
import { sealFrame } from './journal-frame.ts';
import { readBatch } from './journal-reader.ts';
import { deleteDrained, listSegments, segmentPath } from './journal-segments.ts';

const sealer = openVault(randomBytes(32)).sealer('journal');
const start = { segment: 0, offsetBytes: 0 };
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waxwing-journal-'));
});
after(() => rm(folder, { recursive: true }));

function hit(overrides: Partial<JournaledHit> = {}): JournaledHit {
  return {
    id: randomUUID(),
    atMs: 1_770_000_000_000,
    kind: 'open',
    token: 'valid',
    subject: { kind: 'recipient', accountId: randomUUID(), messageId: randomUUID(), recipientId: randomUUID() },
    linkIndex: null,
    isHoneypot: false,
    method: 'GET',
    ip: '192.0.2.7',
    isHttps: false,
    userAgent: 'Canary/1.0',
    headers: { accept: '*/*' },
    ...overrides,
  };
}

interface Watched {
  readonly folder: string;
  readonly journal: Journal;
  readonly counts: Record<HitState, number>;
  readonly logLines: string[];
}

async function newJournal(
  options: { maxBytes?: number; segmentBytes?: number; turnOverEveryMs?: number; nowMs?: () => number } = {},
): Promise<Watched> {
  const own = await mkdtemp(join(folder, 'slot-'));
  const counts = { journaled: 0, drained: 0, lost: 0, unattributed: 0, quarantined: 0 };
  const logLines: string[] = [];
  const journal = openJournal({
    folder: own,
    sealer,
    clock: { now: () => new Date(options.nowMs?.() ?? 1_770_000_000_000) },
    log: pino({ base: null }, { write: (line: string) => void logLines.push(line) }),
    count: (state, hits) => {
      counts[state] += hits;
    },
    maxBytes: options.maxBytes ?? 1 << 30,
    ...(options.segmentBytes === undefined ? {} : { segmentBytes: options.segmentBytes }),
    ...(options.turnOverEveryMs === undefined ? {} : { turnOverEveryMs: options.turnOverEveryMs }),
  });
  return { folder: own, journal, counts, logLines };
}

const append = (journal: Journal, one: JournaledHit): Promise<void> =>
  new Promise((resolve) => journal.append(one, () => resolve()));
const readAll = (path: string, from = start) => readBatch(path, sealer, from, 1_000_000, true);

describe('the journal', () => {
  it('gives back every hit as it was, in order, through many groups and segments', async () => {
    const { folder: own, journal, counts } = await newJournal({ segmentBytes: 4_000 });
    const hits = Array.from({ length: 500 }, (_, place) =>
      hit({ kind: place % 2 === 0 ? 'open' : 'click', linkIndex: place % 2 === 0 ? null : place }),
    );
    const odd = [
      hit({ subject: { kind: 'derived', handle: 'ab'.repeat(8), claim: null }, token: 'damaged', ip: null }),
      hit({ subject: { kind: 'anonymous', accountId: randomUUID(), campaignId: 12 }, userAgent: null, isHttps: true }),
      hit({ kind: 'click', isHoneypot: true }),
      hit({ subject: { kind: 'unknown' }, userAgent: '\u0000 ünï 🦜 \ud800' }),
    ];
    for (let at = 0; at < hits.length; at += 50)
      await Promise.all(hits.slice(at, at + 50).map((one) => append(journal, one)));
    for (const one of odd) await append(journal, one);
    await journal.close();
    const batch = await readAll(own);
    const expected = [...hits, ...odd];
    assert.deepEqual(batch.hits.slice(0, 503), expected.slice(0, 503));
    assert.equal(batch.hits[503]?.id, expected[503]?.id);
    assert.deepEqual(batch.damage, []);
    assert.ok((await listSegments(own)).length > 3);
    assert.equal(counts.journaled, 504);
  });

  it('leaves a segment that has grown old though no hit comes, so that what was drained can be deleted', async () => {
    let nowMs = 1_770_000_000_000;
    const { folder: own, journal } = await newJournal({ nowMs: () => nowMs, turnOverEveryMs: 5 });
    const segments = async (atLeast: number): Promise<number[]> => {
      const deadline = Date.now() + 5_000;
      for (;;) {
        const found = await listSegments(own);
        if (found.length >= atLeast || Date.now() > deadline) return found;
        await new Promise(setImmediate);
      }
    };
    const first = hit();
    await append(journal, first);
    nowMs += 10 * 60_000 + 1;
    const [old = 0, fresh = 0] = await segments(2);
    assert.deepEqual([old, fresh], [1_770_000_000_000, nowMs]);
    const drained = await readAll(own);
    assert.deepEqual(
      drained.hits.map(({ id }) => id),
      [first.id],
    );
    assert.deepEqual(drained.next, { segment: fresh, offsetBytes: 0 });
    await deleteDrained(own, drained.next);
    nowMs += 60 * 60_000;
    const second = hit();
    await append(journal, second);
    await journal.close();
    assert.deepEqual(
      (await readAll(own, drained.next)).hits.map(({ id }) => id),
      [second.id],
    );
    assert.equal((await listSegments(own)).length, 1, 'an empty segment is not left for another empty one');
  });

  it('has a hit on disk before it calls back', async () => {
    const { folder: own, journal } = await newJournal();
    const one = hit();
    await append(journal, one);
    assert.deepEqual((await readAll(own)).hits, [one]);
    await journal.close();
  });

  it('shows no address and no agent in its files', async () => {
    const { folder: own, journal } = await newJournal();
    await append(journal, hit());
    await journal.close();
    for (const name of await readdir(own)) {
      const bytes = await readFile(join(own, name), 'latin1');
      for (const canary of ['192.0.2.7', 'Canary', 'recipient']) assert.ok(!bytes.includes(canary));
    }
  });

  it('begins a new segment when it is opened again, and numbers never repeat even when the clock goes back', async () => {
    let nowMs = 2_000;
    const first = await newJournal({ nowMs: () => nowMs });
    await append(first.journal, hit());
    await first.journal.close();
    nowMs = 1_000;
    const again = openJournal({ ...optionsOf(first), clock: { now: () => new Date(nowMs) } });
    await append(again, hit());
    await again.close();
    assert.deepEqual(await listSegments(first.folder), [2_000, 2_001]);
    assert.equal((await readAll(first.folder)).hits.length, 2);
  });

  it('keeps the newest segment when drained ones are deleted', async () => {
    const { folder: own, journal } = await newJournal({ segmentBytes: 1 });
    for (let n = 0; n < 3; n++) await append(journal, hit());
    await journal.close();
    const { next } = await readAll(own);
    await deleteDrained(own, next);
    assert.deepEqual(await listSegments(own), [next.segment]);
    assert.deepEqual((await readAll(own, next)).hits, []);
  });

  it('refuses hits beyond its size, counts them, says so once, and takes hits again when it was drained', async () => {
    const { folder: own, journal, counts, logLines } = await newJournal({ segmentBytes: 1, maxBytes: 1_000 });
    for (let n = 0; n < 10; n++) await append(journal, hit());
    assert.equal(counts.journaled + counts.lost, 10);
    assert.ok(counts.lost > 0 && counts.journaled > 0);
    assert.equal(journal.isHealthy(), false);
    assert.equal(logLines.filter((line) => line.includes('hits are lost')).length, 1);
    const { next, hits } = await readAll(own);
    assert.equal(hits.length, counts.journaled);
    await deleteDrained(own, next);
    await append(journal, hit());
    assert.equal(journal.isHealthy(), true);
    await journal.close();
  });

  it('leaves a torn end until it is whole, and skips it once a newer segment follows', async () => {
    const { folder: own, journal } = await newJournal();
    await append(journal, hit());
    await journal.close();
    const [segment = 0] = await listSegments(own);
    const frame = sealFrame(sealer, [encodeEntry(hit())]);
    await appendFile(segmentPath(own, segment), frame.subarray(0, 40));
    const torn = await readAll(own);
    assert.deepEqual([torn.hits.length, torn.damage.length], [1, 0]);
    await writeFile(segmentPath(own, segment + 1), sealFrame(sealer, [encodeEntry(hit())]));
    const onward = await readAll(own, torn.next);
    assert.deepEqual([onward.hits.length, onward.damage.length], [1, 1]);
    await truncate(segmentPath(own, segment), torn.next.offsetBytes);
    await appendFile(segmentPath(own, segment), frame);
    assert.equal((await readAll(own, torn.next)).hits.length, 2);
  });
});

const optionsOf = ({ folder: own, counts }: Watched) => ({
  folder: own,
  sealer,
  clock: { now: () => new Date(1_770_000_000_000) },
  log: pino({ enabled: false }),
  count: (state: HitState, hits: number) => {
    counts[state] += hits;
  },
  maxBytes: 1 << 30,
});

describe('a damaged journal', () => {
  const groups = fc.array(fc.array(fc.constant(null), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 8 });
  let serial = 0;

  /** Writes groups of hits into two segments, changes the first one's bytes, and reads everything. */
  async function readAfter(shape: null[][], change: (bytes: Buffer) => Buffer): Promise<Outcome> {
    serial += 1;
    const own = await mkdtemp(join(folder, `damage-${serial}-`));
    const frames = shape.map((group) => {
      const hits = group.map(() => hit());
      return { hits: hits.map((one) => one.id), bytes: sealFrame(sealer, hits.map(encodeEntry)) };
    });
    const last = hit();
    await writeFile(segmentPath(own, 1), change(Buffer.concat(frames.map((frame) => frame.bytes))));
    await writeFile(segmentPath(own, 2), sealFrame(sealer, [encodeEntry(last)]));
    const read = (await readAll(own)).hits.map((one) => one.id);
    await rm(own, { recursive: true });
    return { frames, last: last.id, read };
  }

  interface Outcome {
    readonly frames: readonly { readonly hits: string[]; readonly bytes: Buffer }[];
    readonly last: string;
    readonly read: string[];
  }

  /** The frames outside the changed bytes, in order, and nothing else. */
  function assertKept({ frames, last, read }: Outcome, from: number, to: number): void {
    let at = 0;
    const kept = frames.flatMap((frame) => {
      const startAt = at;
      at += frame.bytes.length;
      return at <= from || startAt >= to ? frame.hits : [];
    });
    assert.deepEqual(read, [...kept, last]);
  }

  it('gives every frame before a cut, and the segments after it', () =>
    fc.assert(
      fc.asyncProperty(groups, fc.nat(), async (shape, place) => {
        let cut = 0;
        const outcome = await readAfter(shape, (bytes) => {
          cut = place % (bytes.length + 1);
          return bytes.subarray(0, cut);
        });
        assertKept(outcome, cut, Number.POSITIVE_INFINITY);
      }),
      { numRuns: 150 },
    ));

  it('gives every frame but the ones whose bytes were altered', () =>
    fc.assert(
      fc.asyncProperty(
        groups,
        fc.nat(),
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        async (shape, place, noise) => {
          let [from, to] = [0, 0];
          const outcome = await readAfter(shape, (bytes) => {
            from = place % bytes.length;
            to = Math.min(bytes.length, from + noise.length);
            for (let at = from; at < to; at++) bytes[at] = (bytes[at] ?? 0) ^ ((noise[at - from] ?? 0) | 1);
            return bytes;
          });
          assertKept(outcome, from, to);
        },
      ),
      { numRuns: 250 },
    ));

  it('gives every frame that is whole after a piece was taken out', () =>
    fc.assert(
      fc.asyncProperty(groups, fc.nat(), fc.integer({ min: 1, max: 900 }), async (shape, place, size) => {
        let left = Buffer.of();
        const { frames, last, read } = await readAfter(shape, (bytes) => {
          const from = place % bytes.length;
          left = Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + size)]);
          return left;
        });
        // Where the octets beside the piece are like its own, a frame that it was cut from is whole all the same.
        const whole = frames.filter(({ bytes }) => left.includes(bytes)).flatMap(({ hits }) => hits);
        assert.deepEqual(read, [...whole, last]);
      }),
      { numRuns: 250 },
    ));
});
