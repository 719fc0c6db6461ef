import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { takeDrainSlots, takeWriterSlot } from './journal-slots.ts';

describe('folders of the journal', () => {
  let journalDir: string;
  before(async () => {
    journalDir = join(await mkdtemp(join(tmpdir(), 'waxwing-slots-')), 'journal');
  });
  after(() => rm(join(journalDir, '..'), { recursive: true }));

  it('are one for each writer, and taken over from writers that are gone', () => {
    assert.deepEqual(takeDrainSlots(journalDir, new Set()), [], 'nothing is there yet');
    const first = takeWriterSlot(journalDir);
    const second = takeWriterSlot(journalDir);
    assert.notEqual(first.id, second.id);
    first.release();
    const third = takeWriterSlot(journalDir);
    assert.equal(third.id, first.id);
    second.release();
    third.release();
  });

  it('are read by one drain at a time, whether their writer lives or not', () => {
    const writer = takeWriterSlot(journalDir);
    const slots = takeDrainSlots(journalDir, new Set());
    assert.equal(slots.length, 2);
    assert.deepEqual(takeDrainSlots(journalDir, new Set()), []);
    for (const slot of slots) slot.release();
    assert.equal(takeDrainSlots(journalDir, new Set([writer.id])).length, 1);
    writer.release();
  });
});
