/** Reads what an account, its departments and its recipients have decided, for all messages that are waiting at once. */
import { readMailPolicies } from '../accounts/index.ts';
import { Problem } from '../contract/problem.ts';
import type { OutboundSettings } from '../contract/settings.ts';
import type { TrackingLevel } from '../contract/values.ts';
import { chainAbove, decidePolicies, type PolicyHolder, valuesOf } from '../core/access/department-policy.ts';
import { type Database, DatabaseUnavailable } from '../platform/database.ts';
import { consentLevels } from '../tracking/index.ts';
import { gather } from './gather.ts';

export interface Policy {
  /** As they hold for the message's department. */
  readonly settings: OutboundSettings;
  /** By recipient, in the order asked; undefined where nothing was ever said. */
  readonly consents: readonly (TrackingLevel | undefined)[];
}

interface Asked {
  /** Recipients by their blind index. */
  readonly recipients: readonly Buffer[];
  /** Null: the account itself. */
  readonly departmentId: string | null;
}

/** Throws department.unknown when the department was deleted meanwhile. */
export type ReadPolicy = (accountId: string, asked: Asked) => Promise<Policy>;

export function openPolicies(db: Database): ReadPolicy {
  const read = gather<Asked, Read>({
    maxItems: 64,
    maxWeight: 5_000,
    maxRounds: 1,
    weigh: ({ recipients }) => recipients.length,
    isWorthSplitting: (error) => !(error instanceof DatabaseUnavailable),
    work: (accountId, asked) =>
      db.readAccount(accountId, async (tx) => {
        const departmentIds = new Set(asked.flatMap(({ departmentId }) => departmentId ?? []));
        const { settings, holders } = await readMailPolicies(tx, [...departmentIds]);
        const levels = await consentLevels(
          tx,
          asked.flatMap(({ recipients }) => recipients),
        );
        return asked.map(({ recipients }) => ({
          settings,
          holders,
          consents: recipients.map((index) => levels.get(index.toString('hex'))),
        }));
      }),
  });
  return async (accountId, asked) => {
    const { settings, holders, consents } = await read(accountId, asked);
    return { settings: settingsFor(settings, holders, asked.departmentId), consents };
  };
}

interface Read extends Policy {
  readonly holders: readonly PolicyHolder[];
}

function settingsFor(
  settings: OutboundSettings,
  holders: readonly PolicyHolder[],
  departmentId: string | null,
): OutboundSettings {
  if (departmentId === null) return settings;
  const chain = chainAbove(holders, departmentId);
  if (chain.length === 0) throw new Problem('department.unknown');
  return { ...settings, ...valuesOf(decidePolicies(settings, chain)) };
}
