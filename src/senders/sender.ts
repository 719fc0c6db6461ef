/** A sender domain as the API shows it, from its rows. */
import type { Sender } from '../contract/senders.ts';
import type { InstallationNames } from '../core/senders/installation-records.ts';
import { keyName, type SetupPlan, setupRecords } from '../core/senders/setup.ts';
import type { KeyRow, SenderRow } from './store.ts';

/** A receiver may look at a signature days after it was made (RFC 6376 §3.6.1: mail waits in queues for five). */
export const keptRetiredMs = 7 * 86_400_000;

/** What is known of this installation. */
export type Here = Pick<SetupPlan, 'addresses' | 'names'>;

export const hereOf = async ({ addresses, names }: SenderNeeds): Promise<Here> => ({
  addresses: await addresses(),
  names,
});

export interface SenderNeeds {
  /** From where the installation's mail leaves. */
  readonly addresses: () => Promise<readonly string[]>;
  readonly names: InstallationNames;
}

export const planOf = (row: SenderRow, keys: readonly KeyRow[], here: Here): SetupPlan => ({
  ...here,
  domain: row.domain,
  proof: row.proof,
  keys: keys.map(({ selector, algorithm, publicKey, retiredAt }) => ({
    ...{ selector, algorithm, publicKey },
    isRetired: retiredAt !== null,
  })),
});

export function summaryOf(row: SenderRow, keys: readonly KeyRow[]): Omit<Sender, 'records' | 'keys'> {
  const isSigning = keys.some((key) => stateOf(key) === 'signing');
  return {
    domain: row.domain,
    status: row.verifiedAt === null ? 'unverified' : isSigning ? 'signing' : 'verified',
    createdAt: row.createdAt.toISOString(),
    verifiedAt: row.verifiedAt?.toISOString() ?? null,
    checkedAt: row.checkedAt?.toISOString() ?? null,
    problems: (row.report ?? []).filter(({ isRequired, state }) => isRequired && state !== 'right').length,
  };
}

export function senderOf(row: SenderRow, keys: readonly KeyRow[], here: Here): Sender {
  return {
    ...summaryOf(row, keys),
    records: recordsOf(row, keys, here),
    keys: keys.map((key) => ({
      selector: key.selector,
      algorithm: key.algorithm,
      createdAt: key.createdAt.toISOString(),
      state: stateOf(key),
      removableFrom: key.retiredAt === null ? null : new Date(key.retiredAt.getTime() + keptRetiredMs).toISOString(),
    })),
  };
}

/** As last seen; of keys made since then nobody has looked. */
function recordsOf(row: SenderRow, keys: readonly KeyRow[], here: Here): Sender['records'] {
  const planned = setupRecords(planOf(row, keys, here), null);
  if (row.report === null) return planned;
  const known = new Map(row.report.map((record) => [record.purpose + record.name, record]));
  return planned.map((record) => known.get(record.purpose + record.name) ?? record);
}

const stateOf = ({ seenAt, retiredAt }: KeyRow): Sender['keys'][number]['state'] =>
  retiredAt !== null ? 'retired' : seenAt === null ? 'waiting' : 'signing';

/** Keys whose own record is right in this report. */
export const keysSeen = (row: SenderRow, keys: readonly KeyRow[], report: Sender['records']): KeyRow[] =>
  keys.filter((key) =>
    report.some(({ name, state }) => state === 'right' && name === keyName(key.selector, row.domain)),
  );
