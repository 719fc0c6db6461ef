/** What the demonstration prints: steps with progress, the report with and without machines, the agreement. */
import type { EngagementReport } from '../contract/reports.ts';
import type { Agreement } from './agreement.ts';

export interface Stage {
  line(text?: string): void;
  /** Reports how much of a step is done; call it often, it draws rarely. */
  progress(step: string): (done: number, total: number) => void;
}

const barWidth = 28;

export function openStage(out: NodeJS.WriteStream): Stage {
  return {
    line: (text = '') => out.write(`${text}\n`),
    progress: (step) => {
      let drawn = -1;
      return (done, total) => {
        const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
        // a file or a pipe gets the finished step only
        if (percent === drawn || (percent < 100 && !out.isTTY)) return;
        drawn = percent;
        const filled = Math.round((barWidth * percent) / 100);
        const bar = `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}`;
        const line = `  ${step.padEnd(34)} ${bar} ${`${done}/${total}`.padStart(11)}`;
        out.write(`${out.isTTY ? '\r' : ''}${line}${percent === 100 ? '\n' : ''}`);
      };
    },
  };
}

const percent = (rate: number | null): string => (rate === null ? '–' : `${(100 * rate).toFixed(1)} %`);
const count = (value: number | null): string => (value === null ? '–' : value.toLocaleString('en'));
const row = (cells: readonly string[]): string =>
  `  ${cells.map((cell, column) => (column === 0 ? cell.padEnd(26) : cell.padStart(14))).join('')}`;

export function reportLines(honest: EngagementReport, naive: EngagementReport): string[] {
  const [people, everything] = [honest.totals, naive.totals];
  const estimated =
    people.estimated === null
      ? `withheld (${people.estimateWithheld?.code ?? ''})`
      : `${percent(people.estimated.openRate)} (${percent(people.estimated.low)} to ${percent(people.estimated.high)})`;
  return [
    row(['', 'people', 'machines', 'all']),
    row(['opened', count(people.people.opened), count(people.machines.opened), count(people.all.opened)]),
    row(['clicked', count(people.people.clicked), count(people.machines.clicked), count(people.all.clicked)]),
    '',
    row(['', 'open rate', 'click rate', 'click-to-open']),
    row(['machines suppressed', percent(people.openRate), percent(people.clickRate), percent(people.clickToOpenRate)]),
    row([
      'machines counted',
      percent(everything.openRate),
      percent(everything.clickRate),
      percent(everything.clickToOpenRate),
    ]),
    '',
    `  ${'estimated open rate'.padEnd(26)}${estimated.padStart(14)}`,
    `  ${'delivered'.padEnd(26)}${count(people.delivered).padStart(14)} of ${count(people.sent)}`,
  ];
}

export function agreementLines(agreements: readonly Agreement[]): string[] {
  const sum = (pick: (one: Agreement) => number): number => agreements.reduce((total, one) => total + pick(one), 0);
  const lost = agreements
    .filter(({ truth }) => truth === 'person')
    .reduce((total, one) => total + one.hits - one.agreed, 0);
  const [agreed, hits] = [sum((one) => one.agreed), sum((one) => one.hits)];
  return [
    row(['visitor', 'truth', 'hits', 'agreed']),
    ...agreements.map((one) => row([one.who, one.truth, count(one.hits), percent(one.agreed / one.hits)])),
    '',
    `  The judge agrees with the truth on ${count(agreed)} of ${count(hits)} hits (${percent(agreed / hits)}); ${lost === 0 ? 'no person was' : `${lost} hits of people were`} taken for a machine.`,
  ];
}
