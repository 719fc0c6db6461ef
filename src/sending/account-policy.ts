/** Reads what an account and its recipients have decided, for all messages that are waiting at once. It decides nothing. */
import { readSettings } from '../accounts/index.ts';
import type { OutboundSettings } from '../contract/settings.ts';
import type { TrackingLevel } from '../contract/values.ts';
import { type Database, DatabaseUnavailable } from '../platform/database.ts';
import { consentLevels } from '../tracking/index.ts';
import { gather } from './gather.ts';

export interface Policy {
  readonly settings: OutboundSettings;
  /** By recipient, in the order asked; undefined where nothing was ever said. */
  readonly consents: readonly (TrackingLevel | undefined)[];
}

/** Recipients by their blind index. */
export type ReadPolicy = (accountId: string, recipients: readonly Buffer[]) => Promise<Policy>;

export const openPolicies = (db: Database): ReadPolicy =>
  gather<readonly Buffer[], Policy>({
    maxItems: 64,
    maxWeight: 5_000,
    maxRounds: 1,
    weigh: (recipients) => recipients.length,
    isWorthSplitting: (error) => !(error instanceof DatabaseUnavailable),
    work: (accountId, asked) =>
      db.readAccount(accountId, async (tx) => {
        const settings = await readSettings(tx);
        const levels = await consentLevels(tx, asked.flat());
        return asked.map((recipients) => ({
          settings,
          consents: recipients.map((index) => levels.get(index.toString('hex'))),
        }));
      }),
  });
