/** Tampering with an audit export, byte by byte and row by row: each one is found and the right entry named. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type ChainedEntry,
  type Checkpoint,
  type CheckpointClaim,
  chainEntry,
  checkpointText,
  genesisHash,
  lineOf,
} from './chain.ts';
import { ExportCheck, type Finding } from './verify.ts';

const account = '0199aaaa-0000-7000-8000-000000000001';
const keys = generateKeyPairSync('ed25519');
const isSigned = (checkpoint: Checkpoint): boolean =>
  verify(null, Buffer.from(checkpointText(checkpoint)), keys.publicKey, Buffer.from(checkpoint.signature, 'base64url'));

function signed(claim: Omit<CheckpointClaim, 'type' | 'key'>, key = keys.privateKey): Checkpoint {
  const full: CheckpointClaim = { type: 'checkpoint', key: 'test', ...claim };
  return { ...full, signature: sign(null, Buffer.from(checkpointText(full)), key).toString('base64url') };
}

const body = (n: number) => ({
  id: `0199bbbb-0000-7000-8000-${String(n).padStart(12, '0')}`,
  at: new Date(Date.UTC(2026, 10, 1) + n * 1_000).toISOString(),
  actor: { kind: 'session', id: `s${n % 5}` },
  action: n % 3 === 0 ? 'report.read' : 'message.read',
  object: { kind: 'message', id: n % 7 === 0 ? null : `m${n}` },
  outcome: 'done',
  detail: { rows: n, what: 'events' },
});

function chainOf(count: number, start = { seq: 0, hash: genesisHash(account) }): ChainedEntry[] {
  const entries: ChainedEntry[] = [];
  let { seq, hash } = start;
  for (let n = 1; n <= count; n++) {
    const entry = chainEntry(body(seq + 1), seq + 1, hash);
    entries.push(entry);
    ({ seq, hash } = entry);
  }
  return entries;
}

const size = 40;
const entries = chainOf(size);
const at = '2026-11-22T12:00:00.000Z';
const first = signed({ account, seq: 0, hash: genesisHash(account), at });
const last = signed({ account, seq: size, hash: entries.at(-1)?.hash ?? '', at });
const lines = [first, ...entries, last].map(lineOf);
const whole = Buffer.from(`${lines.join('\n')}\n`);

function check(bytes: Buffer): Finding {
  const checking = new ExportCheck(isSigned);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const parts = bytes.toString('latin1').split('\n');
  const rest = parts.pop();
  for (const part of rest === '' ? parts : [...parts, rest ?? '']) {
    let text: string | null = null;
    try {
      text = decoder.decode(Buffer.from(part, 'latin1'));
    } catch {}
    checking.take(text);
  }
  return checking.finish(rest === '');
}

const checkLines = (some: readonly string[]): Finding => check(Buffer.from(`${some.join('\n')}\n`));

/** The line a byte lies in; a line end belongs to its line. */
const lineAt = (offset: number): number => whole.subarray(0, offset).filter((byte) => byte === 10).length;

function assertBroken(finding: Finding): asserts finding is Extract<Finding, { kind: 'broken' }> {
  assert.equal(finding.kind, 'broken');
}

describe('an audit export', () => {
  it('that nobody touched is sound', () => {
    const finding = check(whole);
    assert.equal(finding.kind, 'sound');
    assert.deepEqual(finding.kind === 'sound' && [finding.entries, finding.firstSeq, finding.lastSeq], [size, 1, size]);
  });

  it('of the middle of a chain, or of nothing, is sound', () => {
    const middle = entries[9] as ChainedEntry;
    const from = signed({ account, seq: 10, hash: middle.hash, at });
    assert.equal(checkLines([from, ...entries.slice(10), last].map(lineOf)).kind, 'sound');
    assert.equal(checkLines([last, last].map(lineOf)).kind, 'sound');
  });

  it('shows every change of a single byte, and names the entry it was in', () => {
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (offset, by) => {
        const bytes = Buffer.from(whole);
        bytes[offset] = ((bytes[offset] ?? 0) + by) % 256;
        const finding = check(bytes);
        assertBroken(finding);
        const line = lineAt(offset);
        if (line >= 1 && line <= size) assert.equal(finding.seq, line);
      }),
      { numRuns: 2_000 },
    );
  });

  it('shows a byte added or taken anywhere', () => {
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.option(fc.nat(255)), (offset, added) => {
        const middle = added === null ? [] : [Buffer.of(added)];
        const behind = whole.subarray(added === null ? offset + 1 : offset);
        const bytes = Buffer.concat([whole.subarray(0, offset), ...middle, behind]);
        if (!bytes.equals(whole)) assertBroken(check(bytes));
      }),
      { numRuns: 1_000 },
    );
  });

  it('names the first entry that is missing', () => {
    for (let seq = 1; seq <= size; seq++) {
      const finding = checkLines(lines.filter((_, line) => line !== seq));
      assertBroken(finding);
      assert.deepEqual([finding.fault, finding.seq], ['missing', seq]);
    }
  });

  it('names one of two entries that changed places, and an entry that was repeated', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: size }), fc.integer({ min: 1, max: size }), (one, other) => {
        fc.pre(one !== other);
        const swapped = [...lines];
        swapped[one] = lines[other] ?? '';
        swapped[other] = lines[one] ?? '';
        const finding = checkLines(swapped);
        assertBroken(finding);
        assert.equal(finding.fault, 'reordered');
        assert.ok(finding.seq === one || finding.seq === other);
        const repeated = checkLines(lines.toSpliced(Math.max(one, other), 0, lines[Math.min(one, other)] ?? ''));
        assertBroken(repeated);
        assert.equal(repeated.seq, Math.min(one, other));
      }),
    );
  });

  it('names an entry that was rewritten with a hash of its own', () => {
    const seq = 17;
    const forged = chainEntry({ ...body(seq), outcome: 'refused' }, seq, entries[seq - 2]?.hash ?? '');
    const finding = checkLines(lines.with(seq, lineOf(forged)));
    assertBroken(finding);
    assert.deepEqual([finding.fault, finding.seq], ['rewritten', seq]);
  });

  it('shows a chain that was computed anew from the middle on', () => {
    const before = entries[19] as ChainedEntry;
    const anew = chainOf(19, { seq: 21, hash: chainEntry({ ...body(21), action: 'x' }, 21, before.hash).hash });
    const forged = chainEntry({ ...body(21), action: 'x' }, 21, before.hash);
    const finding = checkLines([first, ...entries.slice(0, 20), forged, ...anew, last].map(lineOf));
    assertBroken(finding);
    assert.equal(finding.fault, 'rewritten');
  });

  it('shows a head or a tail that was cut off', () => {
    for (const cut of [1, 2, 5]) {
      assertBroken(checkLines(lines.slice(cut)));
      assertBroken(checkLines(lines.slice(0, -cut)));
      assertBroken(checkLines([lines[0] ?? '', ...lines.slice(1 + cut)]));
      assertBroken(checkLines([...lines.slice(0, -1 - cut), lines.at(-1) ?? '']));
    }
    assertBroken(check(Buffer.alloc(0)));
    assertBroken(check(whole.subarray(0, -1)));
  });

  it('signed with another key, or of another account, is not believed', () => {
    const stranger = generateKeyPairSync('ed25519').privateKey;
    const forged = signed({ account, seq: size, hash: entries.at(-1)?.hash ?? '', at }, stranger);
    assertBroken(checkLines([...lines.slice(0, -1), lineOf(forged)]));
    const elsewhere = signed({ account: 'other', seq: size, hash: entries.at(-1)?.hash ?? '', at });
    assertBroken(checkLines([...lines.slice(0, -1), lineOf(elsewhere)]));
  });
});
