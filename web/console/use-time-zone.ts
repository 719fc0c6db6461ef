/** The account's time zone, in which every moment of the console is written. */
import { readOutboundSettings } from '../../src/contract/settings.ts';
import { useCall } from './queries.ts';

const ownTimeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

export const useTimeZone = (): string => useCall(readOutboundSettings, {}).data?.timeZone ?? ownTimeZone;
