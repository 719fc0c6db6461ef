/**
 * `npm run bench:verdicts`: precision, recall and lost people on the labelled cases, beside lists of user agents and a rule
 * of the first minute. `--json` prints one object a line, `--corpus` reads another folder. Fails where a person labelled
 * certain is taken for a machine.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { RULESET } from '../src/index.ts';
import { type Case, type Origin, originOf, readCases } from './corpus.ts';
import { judges } from './judges.ts';
import { type ActorRow, type Measured, measure, type OverallRow, type RuleRow } from './measure.ts';
import type { Rate, Tally } from './tally.ts';

const ownCorpus = fileURLToPath(new URL('../corpus/', import.meta.url));
const { values } = parseArgs({
  options: { json: { type: 'boolean' }, corpus: { type: 'string', default: ownCorpus } },
});

const cases = readCases(values.corpus);
const about = aboutOf(cases);
const measured = measure(cases);
if (values.json) {
  for (const row of [about, ...measured.overall, ...measured.actors, ...measured.rules])
    console.log(JSON.stringify(row));
} else printTables(measured);
if (measured.lostForCertain.length > 0) {
  console.error(`People labelled certain were taken for machines: ${measured.lostForCertain.join('; ')}`);
  process.exitCode = 1;
}

function aboutOf(all: readonly Case[]) {
  const count = (origin: Origin): number => all.filter((entry) => originOf(entry) === origin).length;
  return {
    table: 'about',
    ruleset: RULESET,
    cases: all.length,
    cited: count('cited'),
    partlyCited: count('partly'),
    composed: count('composed'),
    certain: all.filter((entry) => entry.sure === 'certain').length,
  };
}

function printTables({ overall, actors, rules }: Measured): void {
  const { ruleset, cited, partlyCited, composed, certain } = about;
  console.log(`Ruleset ${ruleset}. ${about.cases} cases: ${cited} cited, ${partlyCited} partly cited, ${composed} composed;
${certain} labelled certain, ${about.cases - certain} likely. ${overall[0]?.people} hits by people, ${overall[0]?.machines} by machines.
Intervals are 95 % (Wilson) and take hits for independent, which those of one case are not. Who wrote the rules chose
the cases too, and a case enters once it is judged as labelled: these rates compare judges, they do not foretell anybody's
own mail.`);
  for (const hits of new Set(overall.map((row) => row.hits)))
    printOverall(
      hits,
      overall.filter((row) => row.hits === hits),
    );
  printActors(actors);
  printRules(rules);
}

function printOverall(hits: string, rows: readonly OverallRow[]): void {
  const { machines = 0, people = 0 } = rows[0] ?? {};
  printTable(
    `${hits}: ${machines} hits by machines, ${people} by people`,
    ['judge', 'machines found', 'recall', 'people lost', 'human loss', 'precision'],
    rows.map((row) => [row.judge, row.found, rate(row.recall), row.lost, rate(row.humanLoss), rate(row.precision)]),
  );
}

function printActors(rows: readonly ActorRow[]): void {
  const names = judges.map((one) => one.name).filter((name) => name !== 'waxwing strict' && name !== 'waxwing lenient');
  const cell = (tally: Tally | undefined): string => `${tally?.found ?? 0} · ${tally?.lost ?? 0}`;
  printTable(
    'by actor, as Waxwing names it: machines found · people lost',
    ['actor', 'machines', 'people', ...names],
    rows.map((row) => [row.actor, row.machines, row.people, ...names.map((name) => cell(row.byJudge[name]))]),
  );
}

function printRules(rows: readonly RuleRow[]): void {
  printTable(
    'by rule: on whom it was told as a reason (a weak sign on a person loses nobody), and hits judged otherwise without it',
    ['rule', 'says', 'on machines', 'on people', 'right', 'decides'],
    rows.map((row) => [row.rule, row.says, row.onMachines, row.onPeople, rate(row.right), row.decides]),
  );
}

/** "97.4 % [95.1–98.6]" */
function rate({ share, low, high, of }: Rate): string {
  if (of === 0) return '–';
  const percent = (value: number): string => (value * 100).toFixed(1);
  return `${percent(share)} % [${percent(low)}–${percent(high)}]`;
}

function printTable(title: string, head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const lines = [head, ...rows.map((row) => row.map(String))];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  const pad = (text: string, column: number): string =>
    column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0);
  const [first = '', ...rest] = lines.map((line) => line.map(pad).join('  '));
  console.log(`\n${title}\n${first}\n${'─'.repeat(first.length)}\n${rest.join('\n')}`);
}
