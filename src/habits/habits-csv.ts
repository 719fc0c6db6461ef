/** Scanner habits as a table for spreadsheets. */
import type { ScannerHabit } from '../contract/habits.ts';
import { type CsvCell, csvOf } from '../core/report/csv.ts';
import { Answer } from '../platform/route.ts';

type Column = readonly [name: string, cell: (habit: ScannerHabit) => CsvCell];

const columns: readonly Column[] = [
  ['domain', (habit) => habit.domain],
  ['gateway', (habit) => habit.gateway],
  ['copies', (habit) => habit.copies],
  ['sentence', (habit) => habit.sentence],
  ['delayMedianMs', (habit) => habit.delay?.medianMs ?? null],
  ['delayLowMs', (habit) => habit.delay?.lowMs ?? null],
  ['delayHighMs', (habit) => habit.delay?.highMs ?? null],
  ['burstLinksMedian', (habit) => habit.burstLinks?.median ?? null],
  ['burstLinksMost', (habit) => habit.burstLinks?.most ?? null],
  ['actors', (habit) => habit.actors.map(({ actor, copies }) => `${actor} ${copies}`).join(' · ')],
  ['networks', (habit) => habit.networks.map(({ list, copies }) => `${list} ${copies}`).join(' · ')],
  ['learnedBlocks', (habit) => habit.learnedBlocks],
  ['isUsed', (habit) => (habit.isUsed ? 'yes' : 'no')],
  ['whyNotUsed', (habit) => habit.whyNotUsed],
  ['firstSeenAt', (habit) => habit.firstSeenAt],
  ['lastSeenAt', (habit) => habit.lastSeenAt],
];

export function habitsCsv(habits: readonly ScannerHabit[], readAt: Date): Answer {
  const header = columns.map(([name]) => name);
  const rows = habits.map((habit) => columns.map(([, cell]) => cell(habit)));
  return new Answer(csvOf(header, rows), {
    'content-type': 'text/csv; charset=utf-8; header=present',
    'content-disposition': `attachment; filename="scanner-habits-${readAt.toISOString().slice(0, 10)}.csv"`,
  });
}
