/** A re-judging as text for a terminal: its progress while it runs, its result at the end. Ids and rules only. */
import type { Flip, RejudgementBody } from '../contract/rejudging.ts';

interface Progress {
  readonly judged: number;
  readonly flipped: number;
  readonly activeMs: number;
}

export interface ShownProgress {
  show(progress: Progress): void;
  end(): void;
}

const terminalEveryMs = 100;
const plainEveryMs = 3_000;

/** One line that changes on a terminal, a line every few seconds elsewhere. */
export function showingProgress(to: NodeJS.WriteStream): ShownProgress {
  const everyMs = to.isTTY ? terminalEveryMs : plainEveryMs;
  let shownAtMs = performance.now();
  let isLineOpen = false;
  return {
    show({ judged, flipped, activeMs }) {
      if (performance.now() - shownAtMs < everyMs) return;
      shownAtMs = performance.now();
      const rate = activeMs > 0 ? `, ${number((judged * 1_000) / activeMs)} hits/s` : '';
      const line = `${number(judged)} hits judged, ${number(flipped)} flips${rate}`;
      to.write(to.isTTY ? `\r\u001b[K${line}` : `${line}\n`);
      isLineOpen = to.isTTY;
    },
    end() {
      if (isLineOpen) to.write('\r\u001b[K');
    },
  };
}

const number = (value: number): string => Math.round(value).toLocaleString('en-US');

export function tableOfRejudgement(body: RejudgementBody, account: string): string {
  const { counts, dryRun } = body;
  const parts = [headOf(body, account), rulesetsOf(body)];
  if (counts.flipped === 0) return [...parts, dryRun ? 'No verdict would flip.' : 'No verdict flipped.'].join('\n');
  const verb = dryRun ? 'would flip' : 'flipped';
  return [
    ...parts,
    `\n${number(counts.flipped)} verdicts ${verb}`,
    grid(
      ['from', 'to', 'hits'],
      body.byClass.map((move) => [move.from, move.to, number(move.hits)]),
    ),
    `\nOf these, by rule`,
    grid(
      ['rule', 'newly', 'no longer', 'otherwise'],
      body.byRule.map((rule) => [rule.rule, number(rule.newly), number(rule.noLonger), number(rule.otherwise)]),
    ),
    `\nPeople in reports (${body.report.view} view)`,
    grid(
      ['', 'before', 'after'],
      (['opened', 'clicked'] as const).map((what) => {
        const { before, after } = body.report.people[what];
        return [what, number(before), number(after)];
      }),
    ),
    ...examplesOf(body),
  ].join('\n');
}

function headOf(body: RejudgementBody, account: string): string {
  const { counts, hitsPerSecond, state, since, until } = body;
  const range = [since === null ? '' : ` from ${since}`, until === null ? '' : ` before ${until}`].join('');
  const rate = hitsPerSecond === null ? '' : `, ${number(hitsPerSecond)} hits/s`;
  const how = state === 'done' ? '' : ` – ${state}${body.why === null ? '' : ` (${body.why})`}`;
  const unreadable = counts.unreadable === 0 ? '' : `, ${number(counts.unreadable)} could not be opened`;
  return `${account}: ${body.dryRun ? 'dry run' : 're-judging'} ${body.id}${how}
mail accepted${range === '' ? ' at any time' : range}: ${number(counts.judged)} hits of ${number(counts.recipients)} recipients${unreadable}${rate}`;
}

function rulesetsOf({ rulesets, ruleset, counts, dryRun }: RejudgementBody): string {
  const before = rulesets.map((one) => `${one.ruleset} (${number(one.hits)})`).join('; ');
  const restated = dryRun ? '' : `; ${number(counts.restated)} verdicts restated`;
  return `ruleset ${ruleset}; judged before by ${before === '' ? 'none' : before}${restated}`;
}

function grid(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string => {
    const cells = row.map((cell, at) =>
      /^[\d,]+$/.test(cell) || rows.every((other) => /^[\d,]+$/.test(other[at] ?? ''))
        ? cell.padStart(widths[at] ?? 0)
        : cell.padEnd(widths[at] ?? 0),
    );
    return `  ${cells.join('  ')}`.trimEnd();
  };
  return [head, ...rows].map(line).join('\n');
}

const opinionOf = ({ verdict, strength, actor, reasons }: Flip['was']): string =>
  `${verdict}, ${strength}, ${actor} [${reasons.map((reason) => reason.rule).join(', ')}]`;

function examplesOf({ byRule }: RejudgementBody): string[] {
  const lines = byRule.flatMap(({ rule, examples }) => {
    const [first] = examples;
    if (first === undefined) return [];
    return [
      `  ${rule}: ${first.kind} ${first.occurredAt} message ${first.messageId} event ${first.eventId}`,
      `    was     ${opinionOf(first.was)}`,
      `    becomes ${opinionOf(first.becomes)}`,
    ];
  });
  return lines.length === 0 ? [] : ['\nOne example of each rule (up to 20 with --json)', ...lines];
}
