/** How a connection is doing, in words. */
import type { ProviderConnection } from '../../../src/contract/providers.ts';
import { count, moment, plural } from '../../shared/format.ts';

export type Health = 'waiting' | 'well' | 'quiet' | 'refusing';

const quietAfterMs = 7 * 86_400_000;

type Told = Pick<ProviderConnection, 'lastEventAt' | 'lastRefusal'>;

export function healthOf({ lastEventAt, lastRefusal }: Told, nowMs: number): Health {
  const eventMs = lastEventAt === null ? null : Date.parse(lastEventAt);
  if (lastRefusal !== null && (eventMs === null || Date.parse(lastRefusal.at) > eventMs)) return 'refusing';
  if (eventMs === null) return 'waiting';
  return nowMs - eventMs > quietAfterMs ? 'quiet' : 'well';
}

export const healthWords: Readonly<Record<Health, string>> = {
  waiting: 'Waiting for its first event',
  well: 'Working',
  quiet: 'Quiet',
  refusing: 'Last call refused',
};

export const lastEventWords = (lastEventAt: string | null, timeZone: string): string =>
  lastEventAt === null ? 'No event has come yet.' : `Last event ${moment(lastEventAt, timeZone)}.`;

type Counts = Pick<ProviderConnection, 'accepted' | 'duplicates' | 'ignored' | 'refused'>;

/** `1,204 events taken; 12 were here already, 3 of no use to reports, 1 refused`. */
export function countWords({ accepted, duplicates, ignored, refused }: Counts): string {
  const others = [
    duplicates > 0 ? `${count(duplicates)} ${duplicates === 1 ? 'was' : 'were'} here already` : '',
    ignored > 0 ? `${count(ignored)} of no use to reports` : '',
    refused > 0 ? `${count(refused)} refused` : '',
  ].filter((words) => words !== '');
  const taken = `${plural(accepted, 'event')} taken`;
  return others.length === 0 ? `${taken}.` : `${taken}; ${others.join(', ')}.`;
}
