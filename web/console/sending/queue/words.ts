/** The queue in plain words. */
import type { QueueDestination, WaitingRecipient } from '../../../../src/contract/queue.ts';
import { count, plural } from '../../../shared/format.ts';

export type QueuePart = 'due' | 'inFlight' | 'deferred' | 'scheduled' | 'held';

export const parts: readonly { readonly part: QueuePart; readonly label: string; readonly about: string }[] = [
  { part: 'due', label: 'due', about: 'Go out next' },
  { part: 'inFlight', label: 'being sent', about: 'On the wire now' },
  { part: 'deferred', label: 'to be tried again', about: 'Refused for now; their next attempt is planned' },
  { part: 'scheduled', label: 'planned', about: 'Planned for a later time' },
  { part: 'held', label: 'held', about: 'Wait until somebody releases them' },
];

export const stateWords: Readonly<Record<WaitingRecipient['state'], string>> = {
  due: 'Due',
  'in-flight': 'Being sent',
  deferred: 'To be tried again',
  scheduled: 'Planned',
  held: 'Held',
};

export const outcomeWords = { delivered: 'Taken', deferred: 'Refused for now', bounced: 'Refused for good' } as const;

export const partsOf = (destination: QueueDestination): string =>
  parts
    .filter(({ part }) => destination[part] > 0)
    .map(({ part, label }) => `${count(destination[part])} ${label}`)
    .join(' · ');

export const atLeast = ({ queued, isMore }: Pick<QueueDestination, 'queued' | 'isMore'>): string =>
  `${count(queued)}${isMore ? '+' : ''}`;

const units = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** `3 hours`; what is under a minute is `<1 minute`. */
export function spanWords(ms: number): string {
  const found = units.find(([, unitMs]) => ms >= unitMs);
  return found === undefined ? '<1 minute' : plural(Math.floor(ms / found[1]), found[0]);
}

export const agoWords = (at: string, nowMs: number): string => `${spanWords(nowMs - Date.parse(at))} ago`;

export const inWords = (at: string, nowMs: number): string => {
  const ms = Date.parse(at) - nowMs;
  return ms <= 0 ? 'now' : `in ${spanWords(ms)}`;
};

export const queuePath = '/sending/queue';
export const destinationPath = (domain: string): string => `${queuePath}/${encodeURIComponent(domain)}`;
