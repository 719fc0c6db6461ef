/** Tampering with an audit export, byte by byte and row by row: each one is found and the right entry named. */
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign, verify } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  addressCommitment,
  type ChainedEntry,
  type Checkpoint,
  type CheckpointClaim,
  chainEntry,
  checkpointText,
  genesisHash,
  lineOf,
  lossText,
} from './chain.ts';
import { ExportCheck, type Finding } from './verify.ts';

const account = '0199aaaa-0000-7000-8000-000000000001';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const keys = generateKeyPairSync('ed25519');
const isSignedText = (text: string, signature: string): boolean => {
  const bytes = Buffer.from(signature, 'base64url');
  return bytes.toString('base64url') === signature && verify(null, Buffer.from(text), keys.publicKey, bytes);
};
const isSigned = (checkpoint: Checkpoint): boolean => isSignedText(checkpointText(checkpoint), checkpoint.signature);
const isSignedAsLost = ({ hash, address }: ChainedEntry): boolean =>
  address?.lost !== undefined && isSignedText(lossText(hash, address.lost), address.lost.signature);

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
  outcome: n % 11 === 0 ? 'refused' : 'done',
  detail: { rows: n, what: 'events' },
  ...(n <= oldFormat ? {} : laterFields(n)),
});

/** Entries up to this number were written before there were departments, reasons and addresses. */
const oldFormat = 8;
const opened = (n: number) => ({ salt: `${n}`.padStart(32, 'a'), value: `203.0.113.${n}` });
const laterFields = (n: number) => ({
  format: 2 as const,
  department: n % 4 === 0 ? null : `d${n % 3}`,
  reason: n % 6 === 0 ? { kind: 'emergency', id: `e${n}` } : null,
  address: n % 5 === 0 ? null : { commitment: addressCommitment(opened(n)) },
});

/** As an export shows it: with the address, or with our word that it is lost. */
function shown(entry: ChainedEntry): ChainedEntry {
  const { seq, hash, address } = entry;
  if (address == null) return entry;
  if (seq % 9 !== 0) return { ...entry, address: { ...address, ...opened(seq) } };
  const claim = { at, key: 'test' };
  const signature = sign(null, Buffer.from(lossText(hash, claim)), keys.privateKey).toString('base64url');
  return { ...entry, address: { ...address, lost: { ...claim, signature } } };
}

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
const at = '2026-11-22T12:00:00.000Z';
const entries = chainOf(size).map(shown);
const first = signed({ account, seq: 0, hash: genesisHash(account), at });
const last = signed({ account, seq: size, hash: entries.at(-1)?.hash ?? '', at });
const lines = [first, ...entries, last].map(lineOf);
const whole = Buffer.from(`${lines.join('\n')}\n`);

function check(bytes: Buffer): Finding {
  const checking = new ExportCheck(isSigned, isSignedAsLost);
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

const otherThan = (old: unknown): unknown => (typeof old === 'number' ? old + 1 : `${old}x`);

/** The same with one field taken away, added, emptied or changed. */
function changed(value: Record<string, unknown>, [name = '', ...rest]: string[], how: number): object {
  if (rest.length > 0) return { ...value, [name]: changed(value[name] as Record<string, unknown>, rest, how) };
  const { [name]: old, ...others } = value;
  if (how === 0) return others;
  if (how === 1) return { ...value, [`${name}2`]: old };
  return { ...value, [name]: how === 2 && old !== null ? null : otherThan(old) };
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
    const finding = checkLines(lines.with(seq, lineOf(shown(forged))));
    assertBroken(finding);
    assert.deepEqual([finding.fault, finding.seq], ['rewritten', seq]);
  });

  it('shows a chain that was computed anew from the middle on', () => {
    const before = entries[19] as ChainedEntry;
    const anew = chainOf(19, { seq: 21, hash: chainEntry({ ...body(21), action: 'x' }, 21, before.hash).hash });
    const forged = chainEntry({ ...body(21), action: 'x' }, 21, before.hash);
    const finding = checkLines([first, ...entries.slice(0, 20), shown(forged), ...anew.map(shown), last].map(lineOf));
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

  it('shows a field that was changed, taken away or added, and names its entry', () => {
    const paths = (value: object): string[][] =>
      Object.entries(value).flatMap(([name, inner]) =>
        typeof inner === 'object' && inner !== null
          ? [[name], ...paths(inner).map((path) => [name, ...path])]
          : [[name]],
      );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: size }), fc.nat(1_000), fc.nat(3), (seq, where, how) => {
        const entry = entries[seq - 1] as ChainedEntry;
        const all = paths(entry);
        const forged = changed({ ...entry }, all[where % all.length] ?? [], how) as ChainedEntry;
        const line = lineOf(forged);
        fc.pre(line !== lines[seq]);
        const finding = checkLines(lines.with(seq, line));
        assertBroken(finding);
        // A number of its own makes it another entry, out of its place.
        if (forged.seq === entry.seq) assert.equal(finding.seq, seq);
      }),
      { numRuns: 2_000 },
    );
  });

  it('counts the addresses that the server signed as lost, and takes nobody else’s word for it', () => {
    const lost = entries.filter((one) => one.address?.lost !== undefined);
    assert.ok(lost.length >= 2);
    const finding = check(whole);
    assert.equal(finding.kind === 'sound' && finding.addressesHidden, lost.length);
    const [one, other] = lost as [ChainedEntry, ChainedEntry];
    const bare = (entry: ChainedEntry) => ({ ...entry, address: { commitment: entry.address?.commitment ?? '' } });
    const borrowed = { ...one, address: { ...bare(one).address, lost: other.address?.lost } } as ChainedEntry;
    const shownElsewhere = entries[10] as ChainedEntry;
    for (const forged of [bare(one), borrowed, bare(shownElsewhere)]) {
      const broken = checkLines(lines.with(forged.seq, lineOf(forged)));
      assertBroken(broken);
      assert.deepEqual([broken.fault, broken.seq], ['altered', forged.seq]);
    }
  });

  it('of entries that were all written before addresses is as sound as it was', () => {
    const old = chainOf(oldFormat);
    const end = signed({ account, seq: oldFormat, hash: old.at(-1)?.hash ?? '', at });
    assert.equal(checkLines([first, ...old, end].map(lineOf)).kind, 'sound');
    // The hash of the first entry as version 1.0 wrote it.
    assert.equal(
      old[0]?.hash,
      sha256(
        `{"action":"message.read","actor":{"id":"s1","kind":"session"},"at":"2026-11-01T00:00:01.000Z","detail":{"rows":1,"what":"events"},"id":"0199bbbb-0000-7000-8000-000000000001","object":{"id":"m1","kind":"message"},"outcome":"done","prev":"${genesisHash(account)}","seq":1,"type":"entry"}`,
      ),
    );
  });

  it('says plainly what else is wrong with a file', () => {
    const text = whole.toString();
    const words = (bytes: Buffer): string => {
      const finding = check(bytes);
      assertBroken(finding);
      return finding.text;
    };
    assert.match(words(Buffer.alloc(0)), /empty/);
    assert.match(words(Buffer.from(text.replaceAll('\n', '\r\n'))), /CR LF/);
    assert.match(words(Buffer.from(`\ufeff${text}`)), /byte order mark/);
    assert.match(words(Buffer.from(text, 'utf16le')), /not UTF-8/);
    assert.match(words(Buffer.of(0x1f, 0x8b, 8, 0, 10)), /not UTF-8/);
    assert.match(words(Buffer.concat([whole, whole])), /Another export begins on line 43/);
    assert.match(words(Buffer.from(lines.slice(1).join('\n'))), /head was cut off/);
    assert.match(words(Buffer.from(`${lines.slice(0, -1).join('\n')}\n`)), /end was cut off/);
  });

  it('of another account under this account’s checkpoints is not believed', () => {
    const theirs = '0199aaaa-0000-7000-8000-000000000002';
    const chain = chainOf(size, { seq: 0, hash: genesisHash(theirs) });
    const swapped = checkLines([first, ...chain, last].map(lineOf));
    assertBroken(swapped);
    assert.equal(swapped.seq, 1);
    const renamed = checkLines([lineOf({ ...first, account: theirs }), ...lines.slice(1)]);
    assertBroken(renamed);
    assert.equal(renamed.fault, 'signature');
  });
});
