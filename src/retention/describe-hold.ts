/** A legal hold as people read it: its seals opened, its scope in the words of the contract, what it keeps counted. */
import type { HoldScope, LegalHold } from '../contract/retention.ts';
import type { Tx } from '../platform/database.ts';
import type { AccountVault } from '../platform/vault.ts';
import { countHeldBy, type HoldRow } from './hold-store.ts';

/** What of a hold may name people, sealed together. */
export interface HoldDetails {
  readonly name: string;
  readonly reason: string;
  readonly matter: string | null;
  readonly campaign?: string | undefined;
  readonly email?: string | undefined;
}

/** Counting further would make a list of holds slow, and tells nobody more. */
const countedUpTo = 10_000;

export const sealDetails = (vault: Pick<AccountVault, 'seal'>, details: HoldDetails): Buffer =>
  vault.seal('hold.details', JSON.stringify(details));

export async function describeHold(tx: Tx, vault: Pick<AccountVault, 'open'>, row: HoldRow): Promise<LegalHold> {
  const details = JSON.parse(vault.open('hold.details', row.detailsSealed).toString()) as HoldDetails;
  const { name, reason, matter } = details;
  return {
    ...{ id: row.id, name, reason, matter },
    scope: scopeOf(row, details),
    placedAt: row.placedAt.toISOString(),
    placedBy: { kind: row.placedByKind, id: row.placedById },
    released: releaseOf(vault, row),
    covers: row.releasedAt === null ? await coverageOf(tx, row.id) : null,
  };
}

async function coverageOf(tx: Tx, id: string): Promise<NonNullable<LegalHold['covers']>> {
  const found = await countHeldBy(tx, id, countedUpTo + 1);
  return { messages: Math.min(found, countedUpTo), isMore: found > countedUpTo };
}

function releaseOf(vault: Pick<AccountVault, 'open'>, row: HoldRow): LegalHold['released'] {
  if (row.releasedAt === null || row.releaseSealed === null) return null;
  return {
    at: row.releasedAt.toISOString(),
    by: { kind: row.releasedByKind ?? '', id: row.releasedById ?? '' },
    reason: vault.open('hold.release', row.releaseSealed).toString(),
  };
}

function scopeOf(row: HoldRow, details: HoldDetails): HoldScope {
  const bounds = {
    ...(row.since === null ? {} : { since: row.since.toISOString() }),
    ...(row.until === null ? {} : { until: row.until.toISOString() }),
  };
  switch (row.scope) {
    case 'message':
      return { kind: 'message', messageId: row.messageId ?? '' };
    case 'campaign':
      return { kind: 'campaign', campaign: details.campaign ?? '', ...bounds };
    case 'recipient':
      return { kind: 'recipient', email: details.email ?? '', ...bounds };
    case 'department':
      return { kind: 'department', departmentId: row.departmentId ?? '', ...bounds };
    case 'period':
      return { kind: 'period', ...bounds };
    case 'account':
      return { kind: 'account' };
  }
}
