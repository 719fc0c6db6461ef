/** The benchmark's numbers, counted again in another way. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isbot } from 'isbot';
import { wilson } from './tally.ts';

const folder = mkdtempSync(join(tmpdir(), 'waxwing-corpus-'));
after(() => rmSync(folder, { recursive: true }));
const program = join(import.meta.dirname, 'accuracy.ts');

const CHROME = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/145.0.0.0';
const CURL = 'curl/8.5.0';
const GMAIL = 'Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)';

/** `seconds` after delivery; `verdict` is what the judge should say, `truth` who it was where that differs. */
type Line = readonly [
  kind: 'open' | 'click',
  agent: string,
  address: string,
  seconds: number,
  verdict: 'human' | 'automated',
  truth?: 'human' | 'automated' | undefined,
  sure?: 'certain',
];
const people: readonly Line[] = [
  ['open', GMAIL, '66.249.84.1', 40, 'human'],
  ['click', CHROME, '203.0.113.9', 30, 'human'],
  ['click', CHROME, '203.0.113.9', 4000, 'human'],
  ['click', CHROME, '20.61.14.9', 9000, 'automated', 'human'],
];
const machines: readonly Line[] = [
  ['click', CURL, '203.0.113.9', 4000, 'automated'],
  ['click', CHROME, '40.94.16.2', 30, 'automated'],
  ['open', 'Mozilla/5.0', '172.225.30.8', 50, 'automated'],
  ['click', CHROME, '203.0.113.9', 90, 'human', 'automated'],
];

function corpusOf(name: string, lines: readonly Line[]): string {
  const path = mkdtempSync(join(folder, name));
  const deliveredMs = Date.UTC(2026, 4, 19, 8);
  const cases = lines.map(([kind, userAgent, ip, seconds, verdict, truth, sure = 'likely'], index) => ({
    case: `case ${index}`,
    source:
      index === 0 ? 'somebody/repository#1' : index === 1 ? 'somebody/repository#2; composed' : 'composed: typical',
    sure,
    observations: [
      {
        kind,
        userAgent,
        ip,
        at: new Date(deliveredMs + seconds * 1000).toISOString(),
        deliveredAt: new Date(deliveredMs).toISOString(),
      },
    ],
    expect: [{ verdict, ...(truth === undefined ? {} : { truth }) }],
  }));
  writeFileSync(join(path, 'cases.jsonl'), cases.map((entry) => JSON.stringify(entry)).join('\n'));
  return path;
}

interface Row {
  readonly table: string;
  readonly hits?: string;
  readonly judge?: string;
  readonly actor?: string;
  readonly rule?: string;
  readonly found: number;
  readonly lost: number;
  readonly machines: number;
  readonly people: number;
  readonly onMachines: number;
  readonly onPeople: number;
  readonly decides: number;
  readonly byJudge: Readonly<Record<string, { found: number; lost: number }>>;
  readonly precision: { share: number };
  readonly recall: { share: number; low: number; high: number };
  readonly humanLoss: { share: number };
}

function run(args: readonly string[]): { rows: Row[]; status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
  const rows = args.includes('--json')
    ? stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Row)
    : [];
  return { rows, status, stdout, stderr };
}

const small = run(['--json', '--corpus', corpusOf('small-', [...people, ...machines])]);
const rowOf = (judge: string, hits = 'all'): Row => {
  const row = small.rows.find((one) => one.table === 'overall' && one.judge === judge && one.hits === hits);
  assert.ok(row, `${judge} has no row`);
  return row;
};

test('found and lost are those of a recount by hand', () => {
  const balanced = rowOf('waxwing balanced');
  assert.deepEqual([balanced.machines, balanced.people, balanced.found, balanced.lost], [4, 4, 3, 1]);
  assert.equal(balanced.precision.share, 3 / 4);
  assert.equal(balanced.recall.share, 3 / 4);
  assert.equal(balanced.humanLoss.share, 1 / 4);
  const lenient = rowOf('waxwing lenient');
  assert.deepEqual([lenient.found, lenient.lost], [3, 0]);
});

test("the other judges' numbers are those of a recount over the same lines", () => {
  const flagged = (lines: readonly Line[], is: (line: Line) => boolean): number => lines.filter(is).length;
  const byIsbot = (line: Line): boolean => isbot(line[1]);
  const early = (line: Line): boolean => line[3] <= 60;
  for (const [name, is] of [
    ['isbot', byIsbot],
    ['first 60 seconds', early],
  ] as const) {
    const row = rowOf(name);
    assert.deepEqual([row.found, row.lost], [flagged(machines, is), flagged(people, is)], name);
  }
  assert.ok(rowOf('isbot').lost > 0 && rowOf('first 60 seconds').lost > 0);
  assert.equal(rowOf('crawler-user-agents').found, 1);
  assert.equal(rowOf('es6-crawler-detect').found, 1);
});

test('cases are counted by where they come from, and each has rows of its own', () => {
  const { table, ...about } = small.rows[0] as Row & Record<string, unknown>;
  assert.equal(table, 'about');
  assert.deepEqual([about.cases, about.cited, about.partlyCited, about.composed, about.certain], [8, 1, 1, 6, 0]);
  assert.equal(rowOf('isbot', 'cited').people, 1);
  assert.equal(rowOf('isbot', 'composed').machines + rowOf('isbot', 'composed').people, 6);
});

test('an actor and a rule have their own counts', () => {
  const apple = small.rows.find((row) => row.actor === 'apple-mpp');
  assert.deepEqual([apple?.machines, apple?.people], [1, 0]);
  assert.deepEqual(apple?.byJudge['crawler-user-agents']?.found, 0);
  const vendor = small.rows.find((row) => row.rule === 'vendor-network-click');
  assert.deepEqual([vendor?.onMachines, vendor?.onPeople, vendor?.decides], [1, 1, 1]);
});

test('it fails, and names the case, when a person labelled certain is taken for a machine', () => {
  assert.equal(small.status, 0, small.stderr);
  const lost = run([
    '--corpus',
    corpusOf('lost-', [['click', CHROME, '40.94.16.2', 30, 'human', undefined, 'certain']]),
  ]);
  assert.equal(lost.status, 1);
  assert.match(lost.stderr, /case 0/);
});

test("the table for people says what the lines for programs say, on the repository's cases", () => {
  const tables = run([]);
  assert.equal(tables.status, 0, tables.stderr);
  const { rows } = run(['--json']);
  for (const row of rows.filter((one) => one.hits === 'all')) {
    const line = tables.stdout.split('\n').find((text) => text.startsWith(`${row.judge} `));
    const shown = `${row.found} +${(row.recall.share * 100).toFixed(1)} % \\[.*\\] +${row.lost} `;
    assert.match(line ?? '', new RegExp(shown), `${row.judge}`);
  }
});

test("intervals are Wilson's", () => {
  const rounded = (successes: number, of: number): number[] => {
    const { low, high } = wilson(successes, of);
    return [low, high].map((value) => Math.round(value * 10_000) / 10_000);
  };
  // Newcombe, Statistics in Medicine 17 (1998), table I, method 3: 81/263, 15/148, 0/20, 1/29.
  assert.deepEqual(rounded(81, 263), [0.2553, 0.3662]);
  assert.deepEqual(rounded(15, 148), [0.0624, 0.1605]);
  assert.deepEqual(rounded(0, 20), [0, 0.1611]);
  assert.deepEqual(rounded(1, 29), [0.0061, 0.1718]);
  assert.deepEqual(rounded(20, 20), [0.8389, 1]);
  assert.equal(wilson(0, 0).of, 0);
});
