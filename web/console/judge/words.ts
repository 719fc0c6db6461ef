/** What the judge's pages call things. A name that is not known here is shown as it came. */
import type { RejudgementBody } from '../../../src/contract/rejudging.ts';
import { count, plural } from '../../shared/format.ts';

export type VerdictClass = RejudgementBody['byClass'][number]['from'];
type State = RejudgementBody['state'];

export const classWords: Readonly<Record<VerdictClass, string>> = {
  human: 'Person',
  'human-suspected': 'Person, with doubts',
  'automated-probable': 'Probably a machine',
  'automated-certain': 'Certainly a machine',
};

export const isPerson = (one: VerdictClass): boolean => one === 'human' || one === 'human-suspected';

export const stateWords: Readonly<Record<State, string>> = {
  queued: 'Waiting to start',
  running: 'Running',
  done: 'Done',
  cancelled: 'Cancelled',
  failed: 'Failed',
};

export const isUnderWay = (run: { readonly state: State } | undefined): boolean =>
  run?.state === 'queued' || run?.state === 'running';

const askers: Readonly<Record<string, string>> = {
  session: 'In the console',
  'api-key': 'With an API key',
  system: 'On the command line',
};
export const askerWords = ({ kind }: { readonly kind: string }): string => askers[kind] ?? kind;

const failures: Readonly<Record<string, string>> = {
  'rejudging.rules_changed':
    'The rules were changed while it ran. What had been judged by then is recorded; start it again to judge all by one set of rules.',
  'rejudging.failed': 'It came no further in several attempts. The log of the server says why.',
};
export const failureWords = (why: string | null): string =>
  why === null ? 'No reason was given.' : (failures[why] ?? why);

interface Turned {
  readonly toPeople: number;
  readonly toMachines: number;
}

export const turnedBy = (byClass: RejudgementBody['byClass']): Turned =>
  byClass.reduce(
    (sum, { from, to, hits }) => ({
      toPeople: sum.toPeople + (!isPerson(from) && isPerson(to) ? hits : 0),
      toMachines: sum.toMachines + (isPerson(from) && !isPerson(to) ? hits : 0),
    }),
    { toPeople: 0, toMachines: 0 },
  );

/** A run in one sentence: how much is judged otherwise, and to whose gain. */
export function outcomeWords(run: Pick<RejudgementBody, 'counts' | 'byClass' | 'dryRun'>): string {
  const { judged, flipped } = run.counts;
  if (judged === 0) return 'There is no hit to judge in this mail.';
  const would = run.dryRun ? 'would be' : 'were';
  if (flipped === 0)
    return `Nothing ${run.dryRun ? 'would change' : 'changed'}: all ${plural(judged, 'hit')} ${would} judged as before.`;
  const { toPeople, toMachines } = turnedBy(run.byClass);
  const parts = [
    toPeople > 0 ? `${count(toPeople)} from machine to person` : '',
    toMachines > 0 ? `${count(toMachines)} from person to machine` : '',
  ].filter((part) => part !== '');
  const detail = parts.length === 0 ? ', but none from machine to person or back' : `: ${parts.join(', ')}`;
  return `Of ${plural(judged, 'hit')}, ${count(flipped)} ${flipped === 1 && !run.dryRun ? 'was' : would} judged otherwise${detail}.`;
}
