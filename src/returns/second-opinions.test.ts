/** Our reading beside flufl.bounce's and Sisimai's, on the samples that flufl.bounce brings along. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readReturn } from '../core/returns/read-return.ts';

const folder = '/usr/lib/python3/dist-packages/flufl/bounce/tests/data';
const hasSamples = existsSync(folder);
const names = hasSamples ? readdirSync(folder).filter((name) => name.endsWith('.txt')) : [];
const readAs = (name: string) => readReturn(readFileSync(join(folder, name)));

const linesOf = (command: string, args: readonly string[]): string[] | null => {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1e8 });
  return status === 0 ? stdout.trim().split('\n') : null;
};

const flufl = `
import os, sys
from email import message_from_bytes
from flufl.bounce import all_failures
d = sys.argv[1]
for f in sorted(os.listdir(d)):
    if f.endswith('.txt'):
        t, p = all_failures(message_from_bytes(open(os.path.join(d, f), 'rb').read()))
        print(f, 'bounced' if p else 'delayed' if t else 'nothing')
`;

test('flufl.bounce and we agree on what is a bounce, what a delay and what neither', {
  skip: hasSamples ? false : 'python3-flufl.bounce is not installed',
}, (t) => {
  const lines = linesOf('/usr/bin/python3', ['-W', 'ignore', '-c', flufl, folder]);
  assert.ok(lines !== null, 'flufl.bounce does not run');
  const found = lines.map((line) => line.split(' ')).filter(([, what]) => what !== 'nothing');
  const agreed = found.filter(([name = '', what]) => readAs(name).what === what);
  t.diagnostic(`${agreed.length} of ${found.length} failures that flufl.bounce finds are read alike`);
  assert.ok(agreed.length / found.length > 0.95);
});

/** Sisimai's reasons in our kinds; those that say no more than that it failed are left out. */
const kinds: Readonly<Record<string, readonly string[]>> = {
  userunknown: ['hard'],
  hostunknown: ['hard'],
  suspend: ['hard'],
  mailboxfull: ['full'],
  mesgtoobig: ['too-large'],
  expired: ['soft'],
  networkerror: ['soft'],
  spamdetected: ['policy'],
  policyviolation: ['policy'],
  norelaying: ['policy'],
};

const sisimai =
  'for my $f (@ARGV) { my $r = Sisimai->make($f) or next; my $b = $f; $b =~ s{.*/}{}; print "$b ", $r->[0]->reason, "\\n" }';

test('Sisimai and we agree on why it came back', {
  skip: hasSamples && linesOf('perl', ['-MSisimai', '-e', '1']) !== null ? false : 'libsisimai-perl is not installed',
}, (t) => {
  const lines = linesOf('perl', ['-MSisimai', '-e', sisimai, ...names.map((name) => join(folder, name))]) ?? [];
  const told = lines.map((line) => line.split(' ')).filter(([, reason = '']) => Object.hasOwn(kinds, reason));
  const agreed = told.filter(([name = '', reason = '']) => {
    const returned = readAs(name);
    return 'bounce' in returned && kinds[reason]?.includes(returned.bounce);
  });
  t.diagnostic(`${agreed.length} of ${told.length} reasons that Sisimai gives are read alike`);
  assert.ok(told.length > 50 && agreed.length / told.length > 0.85);
});
