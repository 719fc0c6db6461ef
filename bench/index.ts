/**
 * `npm run bench`: every performance claim as a ratio against a baseline in the same run, beside its bar. Machines are
 * shared and noisy: read the ratios. `--json` prints one object a line; names after it choose (edge, pipeline…).
 */
import { measureVerdicts } from '../packages/verdict/bench/speed.ts';
import { benchAudit } from './audit.ts';
import { benchBacklog } from './backlog.ts';
import { benchBatches } from './batches.ts';
import { benchCrash } from './crash.ts';
import { benchEdge } from './edge.ts';
import { benchHabits } from './habits.ts';
import { measureInstrument } from './instrument.ts';
import { benchKeys } from './keys.ts';
import { measureNetworks } from './networks.ts';
import { benchPipeline } from './pipeline.ts';
import { benchQueue } from './queue.ts';
import { benchRejudge } from './rejudge.ts';
import { benchReport } from './report.ts';
import { benchTransfer } from './transfer/index.ts';
import { benchWorkers } from './workers.ts';

interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** What must hold; absent: for orientation. */
  readonly bar?: { readonly atLeast: number } | { readonly atMost: number };
}

type Say = (line: string) => void;
type Bench = (say: Say) => Promise<Figure[]>;

const mebibyte = 1024 * 1024;

const edge: Bench = async (say) => {
  const run = await benchEdge(say);
  return [
    { what: 'edge, everything on', value: run.waxwing.perSecond, unit: 'requests/s' },
    { what: 'minimal durable server', value: run.minimal.perSecond, unit: 'requests/s' },
    { what: 'bare node:http', value: run.bare.perSecond, unit: 'requests/s' },
    { what: 'edge ÷ minimal durable server', value: run.ratioToMinimal, unit: '', bar: { atLeast: 0.8 } },
    { what: 'edge ÷ bare node:http', value: run.ratioToBare, unit: '', bar: { atLeast: 0.3 } },
    { what: 'p99 ÷ the minimal server’s', value: run.p99ToMinimal, unit: '', bar: { atMost: 1.5 } },
    { what: 'drain with verdicts', value: run.drainedPerSecond, unit: 'hits/s', bar: { atLeast: 15_000 } },
    {
      what: 'memory gained over a million hits',
      value: (run.rssAfterMillionBytes - run.rssAfterWarmUpBytes) / mebibyte,
      unit: 'MiB',
      bar: { atMost: 64 },
    },
    { what: 'hits lost', value: run.lost, unit: '', bar: { atMost: 0 } },
  ];
};

const pipeline: Bench = async (say) => {
  const run = await benchPipeline(say);
  return [
    { what: 'pipeline, accepted to delivered', value: run.pipelinePerSecond, unit: 'messages/s' },
    { what: 'bare pooled nodemailer', value: run.barePerSecond, unit: 'messages/s' },
    { what: 'pipeline ÷ bare nodemailer', value: run.ratio, unit: '', bar: { atLeast: 0.12 } },
  ];
};

const transfer: Bench = async (say) => {
  const { waxwing, haraka, postfix } = await benchTransfer(say);
  const figures: Figure[] = [];
  const add = (what: string, value: number | undefined, unit: string, bar?: Figure['bar']): void => {
    if (value !== undefined) figures.push({ what, value, unit, ...(bar === undefined ? {} : { bar }) });
  };
  const ratioTo = (other: typeof waxwing): number | undefined =>
    waxwing && other && waxwing.transferredPerSecond / other.transferredPerSecond;
  for (const [name, of] of Object.entries({ Waxwing: waxwing, Haraka: haraka, Postfix: postfix })) {
    add(`${name}, client to sink`, of?.transferredPerSecond, 'messages/s');
    add(`${name}, accepted`, of?.acceptedPerSecond, 'messages/s');
    add(`${name}, 99th percentile to the 250`, of?.p99Ms, 'ms');
    add(`${name}, of the processor`, of?.processorMsPerMessage, 'ms/message');
  }
  add('Waxwing ÷ Haraka', ratioTo(haraka), '', { atLeast: 1.5 });
  add('Waxwing ÷ Postfix', ratioTo(postfix), '', { atLeast: 0.8 });
  return figures;
};

const queue: Bench = async (say) => {
  const run = await benchQueue(say);
  return [
    { what: 'nine healthy destinations, nothing wrong', value: run.calmPerSecond, unit: 'copies/s' },
    { what: 'with 5 + 2 % refused, beside one of 300 ms', value: run.troubledPerSecond, unit: 'copies/s' },
    { what: 'attempts answered then', value: run.troubledAnsweredPerSecond, unit: 'attempts/s' },
    { what: 'attempts answered, in trouble ÷ without', value: run.answeredRatio, unit: '', bar: { atLeast: 0.9 } },
    { what: 'copies delivered, in trouble ÷ without', value: run.ratio, unit: '' },
    { what: `claim of 50 at ${run.deep.queued} queued`, value: run.deep.claimMs, unit: 'ms' },
    { what: `÷ at ${run.shallow.queued}`, value: run.depthRatio, unit: '', bar: { atMost: 2 } },
  ];
};

const workers: Bench = async (say) => {
  const run = await benchWorkers(say);
  return [
    { what: 'one worker, destinations answering after 50 ms', value: run.onePerSecond, unit: 'copies/s' },
    { what: 'two workers', value: run.twoPerSecond, unit: 'copies/s' },
    { what: 'two ÷ one', value: run.ratio, unit: '', bar: { atLeast: 1.7 } },
    { what: 'copies sent twice', value: run.sentTwice, unit: '', bar: { atMost: 0 } },
    { what: 'accepted until another process handed it over, p50', value: run.handedOverMs.p50, unit: 'ms' },
    { what: 'the same, p99', value: run.handedOverMs.p99, unit: 'ms' },
  ];
};

const backlog: Bench = async (say) => {
  const run = await benchBacklog(say);
  const { atFirst, accepting, sending } = run.residentBytes;
  const atMost = 500_000_000 / mebibyte;
  return [
    { what: 'recipients queued', value: run.queued, unit: '' },
    { what: 'accepted in batches of 10,000', value: run.acceptedPerSecond, unit: 'recipients/s' },
    { what: 'memory of the program at its start', value: atFirst / mebibyte, unit: 'MiB' },
    { what: 'at most, while it accepts them', value: accepting / mebibyte, unit: 'MiB', bar: { atMost } },
    { what: 'at most, while it sends with all queued', value: sending / mebibyte, unit: 'MiB', bar: { atMost } },
    { what: 'of that, shared pages counted in part', value: run.proportionalBytes.sending / mebibyte, unit: 'MiB' },
    { what: 'sent with all queued', value: run.deepPerSecond, unit: 'copies/s' },
    { what: '÷ with ten thousand', value: run.deepPerSecond / run.shallowPerSecond, unit: '', bar: { atLeast: 0.8 } },
    { what: 'a password reset beside them, p50', value: run.resetMs.p50, unit: 'ms' },
    { what: 'the same, p99', value: run.resetMs.p99, unit: 'ms', bar: { atMost: 5_000 } },
  ];
};

const batches: Bench = async (say) => {
  const run = await benchBatches(say);
  return [
    { what: 'accepted in one batch of 10,000', value: run.batchPerSecond, unit: 'recipients/s' },
    { what: 'the same mail one by one, eight at once', value: run.singlePerSecond, unit: 'recipients/s' },
    { what: 'batch ÷ one by one', value: run.ratio, unit: '' },
    { what: 'memory of the process before', value: run.residentBytes.atFirst / mebibyte, unit: 'MiB' },
    { what: 'at most, while it accepts them', value: run.residentBytes.peak / mebibyte, unit: 'MiB' },
  ];
};

const crash: Bench = async (say) => {
  const run = await benchCrash(say);
  const kills = Object.values(run.kills).reduce((sum, count) => sum + count, 0);
  return [
    { what: 'sent while processes were killed', value: run.sends, unit: '' },
    { what: 'kill -9 of who accepts, delivers, does all, and PostgreSQL', value: kills, unit: '' },
    { what: 'it took', value: run.seconds, unit: 's' },
    { what: 'lost', value: run.lost, unit: '', bar: { atMost: 0 } },
    { what: 'sent twice', value: run.sentTwice, unit: '', bar: { atMost: run.inFlightAtMost } },
  ];
};

const instrument: Bench = async () => {
  const runs: Figure[] = [];
  for (const encoding of ['8bit', 'quoted-printable', 'base64'] as const) {
    const { ratio } = await measureInstrument(encoding);
    runs.push({
      what: `instrumenting ${encoding} ÷ postal-mime parsing`,
      value: ratio,
      unit: '',
      bar: { atMost: 1.5 },
    });
  }
  return runs;
};

const report: Bench = async (say) => {
  const run = await benchReport(say);
  return [
    { what: 'campaign report, 10 M hits ÷ 1 M hits', value: run.ratio, unit: '', bar: { atMost: 1.5 } },
    { what: 'campaign report at 10 M hits', value: run.largeMs, unit: 'ms', bar: { atMost: 100 } },
  ];
};

const habits: Bench = async (say) => {
  const run = await benchHabits(say);
  return [
    { what: 'storing hits, habits on ÷ off', value: run.storingRatio, unit: '', bar: { atMost: 1.1 } },
    { what: 'leaving word of what will settle', value: run.wordMicrosPerHit, unit: 'µs/hit' },
    { what: 'looking for the habit a hit is compared with', value: run.compareMicrosPerHit, unit: 'µs/hit' },
    { what: 'settled hits learned from', value: run.settledPerSecond, unit: 'hits/s' },
    { what: 'a million of them', value: 1_000_000 / run.settledPerSecond, unit: 's' },
  ];
};

const rejudge: Bench = async (say) => {
  const run = await benchRejudge(say);
  return [
    { what: 'stored hits judged again', value: run.hits, unit: '' },
    { what: 'dry run', value: run.dryPerSecond, unit: 'hits/s', bar: { atLeast: 20_000 } },
    { what: 'run in which few flip', value: run.fewFlips.perSecond, unit: 'hits/s', bar: { atLeast: 20_000 } },
    { what: 'run in which a fifth flips', value: run.fifthFlips.perSecond, unit: 'hits/s' },
    { what: 'run that restates all, by another ruleset', value: run.restated.perSecond, unit: 'hits/s' },
    { what: 'differences from a recount afterwards', value: run.differences, unit: '', bar: { atMost: 0 } },
  ];
};

const verdicts: Bench = async () => {
  const run = measureVerdicts();
  return [
    { what: 'single-observation verdicts', value: run.verdictsPerSecond, unit: 'verdicts/s' },
    { what: 'hits judged in sequences of 20', value: run.sequenceHitsPerSecond, unit: 'hits/s' },
    { what: 'isbot on the same agents', value: run.isbotPerSecond, unit: 'agents/s' },
  ];
};

const networks: Bench = async (say) => {
  const run = await measureNetworks();
  say(`${run.isReal ? 'real lists' : 'invented lists of the real sizes'} and the packaged table of autonomous systems`);
  return [
    { what: 'prefixes and ranges in the table', value: run.prefixes, unit: '' },
    { what: 'loading all lists', value: run.loadMs, unit: 'ms', bar: { atMost: 1000 } },
    { what: 'memory of all lists', value: run.heapBytes / mebibyte, unit: 'MiB', bar: { atMost: 40 } },
    { what: 'addresses looked up', value: run.lookupsPerSecond, unit: 'lookups/s' },
    { what: 'verdicts with full lists', value: run.verdictsPerSecond, unit: 'verdicts/s', bar: { atLeast: 300_000 } },
    { what: 'verdicts with the built-in facts', value: run.verdictsPerSecondBuiltIn, unit: 'verdicts/s' },
  ];
};

const keys: Bench = async (say) => {
  const run = await benchKeys(say);
  return [
    { what: 'messages’ keys sealed anew', value: run.perSecond, unit: 'keys/s' },
    { what: 'requests meanwhile', value: run.requests, unit: '' },
    { what: 'of them failed', value: run.failed, unit: '', bar: { atMost: 0 } },
    { what: 'keys left under the old one', value: run.left, unit: '', bar: { atMost: 0 } },
  ];
};

const audit: Bench = async (say) => {
  const run = await benchAudit(say);
  const micros = ({ ours, database }: typeof run.recordMicros): number => ours + database;
  return [
    { what: 'audit entries recorded, one a statement', value: run.recordsPerSecond, unit: 'entries/s' },
    { what: 'plain inserts of the same columns', value: run.insertsPerSecond, unit: 'rows/s' },
    { what: 'processor for an entry', value: micros(run.recordMicros), unit: 'µs' },
    { what: 'processor for a plain insert', value: micros(run.insertMicros), unit: 'µs' },
    ...run.questions.flatMap(({ name, ms, ratio }) => [
      { what: `${name}, of ${run.entries} entries`, value: ms, unit: 'ms' },
      { what: `${name}, ÷ a hundredth of them`, value: ratio, unit: '' },
    ]),
    { what: 'what nothing meets, to the end of the log', value: run.through.pages, unit: 'pages' },
    { what: 'the same', value: run.through.ms, unit: 'ms' },
  ];
};

const benches: Readonly<Record<string, Bench>> = {
  verdicts,
  networks,
  instrument,
  edge,
  pipeline,
  transfer,
  queue,
  workers,
  backlog,
  batches,
  crash,
  report,
  habits,
  rejudge,
  keys,
  audit,
};

const holds = ({ value, bar }: Figure): boolean =>
  bar === undefined || ('atLeast' in bar ? value >= bar.atLeast : value <= bar.atMost);

const number = (value: number): string =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2);

function line(figure: Figure): string {
  const bar =
    figure.bar === undefined
      ? ''
      : 'atLeast' in figure.bar
        ? `≥ ${number(figure.bar.atLeast)}`
        : `≤ ${number(figure.bar.atMost)}`;
  const sign = figure.bar === undefined ? ' ' : holds(figure) ? '✓' : '✗';
  return `${sign} ${figure.what.padEnd(44)} ${`${number(figure.value)} ${figure.unit}`.padStart(22)}  ${bar}`;
}

const asJson = process.argv.includes('--json');
const chosen = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const names = chosen.length === 0 ? Object.keys(benches) : chosen;
const say: Say = (text) => void process.stderr.write(`    ${text}\n`);

for (const name of names) {
  const bench = benches[name];
  if (bench === undefined) {
    console.error(`There is no benchmark ${name}; there are ${Object.keys(benches).join(', ')}.`);
    process.exitCode = 1;
    continue;
  }
  if (!asJson) console.log(`\n${name}`);
  for (const figure of await bench(say)) {
    console.log(asJson ? JSON.stringify({ bench: name, ...figure, holds: holds(figure) }) : line(figure));
    if (!holds(figure)) process.exitCode = 1;
  }
}
