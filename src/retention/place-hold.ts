/**
 * Places a legal hold. From its commit on nothing that it covers is destroyed: whoever erases waits for it, or was first,
 * and then what is gone is not counted as kept.
 */
import type { z } from 'zod';
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import type { HoldScope, LegalHold, placeHold as placeHoldEndpoint } from '../contract/retention.ts';
import { comparableAddress, normaliseAddress, parseAddressList } from '../core/message/index.ts';
import { type AccountKeys, dimensionIds } from '../events/index.ts';
import type { Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { describeHold, type HoldDetails, sealDetails } from './describe-hold.ts';
import { findHold, insertHold, isDepartment, lockHoldsAlone, type NewHold, whenAccepted } from './hold-store.ts';

export type HoldWish = z.output<(typeof placeHoldEndpoint)['body']>;

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;
type Scope = Pick<NewHold, 'scope' | 'messageId' | 'campaignId' | 'addressIndex' | 'departmentId' | 'since' | 'until'>;

interface ReadScope {
  readonly scope: Scope;
  readonly told: Pick<HoldDetails, 'campaign' | 'email'>;
}

export async function placeHold(world: Needs, caller: Caller, wish: HoldWish): Promise<LegalHold> {
  const account = { accountId: caller.accountId, vault: await accountVault(world, caller.accountId) };
  const { scope, told } = await readScope(world, account, wish.scope);
  const at = world.clock.now();
  const id = newId(at);
  const { name, reason, matter = null } = wish;
  const { actor } = caller;
  return world.db.asAccount(caller.accountId, async (tx) => {
    await lockHoldsAlone(tx);
    const placed = { placedAt: at, placedByKind: actor.kind, placedById: actor.id };
    const detailsSealed = sealDetails(account.vault, { name, reason, matter, ...told });
    await insertHold(tx, { id, detailsSealed, ...(await withinAccount(tx, scope)), ...placed });
    const row = await findHold(tx, id);
    if (row === undefined) throw new Error('a hold that was just placed is not there');
    const hold = await describeHold(tx, account.vault, row);
    const detail = { scope: scope.scope, messages: hold.covers?.messages ?? 0 };
    await record(tx, { at, actor, action: 'hold.placed', object: { kind: 'legal-hold', id }, detail });
    return hold;
  });
}

const noScope = { messageId: null, campaignId: null, addressIndex: null, departmentId: null, since: null, until: null };

async function readScope(world: Needs, account: AccountKeys, wish: HoldScope): Promise<ReadScope> {
  const base = { ...noScope, ...boundsOf(wish), scope: wish.kind };
  switch (wish.kind) {
    case 'message':
      return { scope: { ...base, messageId: wish.messageId }, told: {} };
    case 'campaign': {
      const [campaignId = 0] = await dimensionIds(world.db, account, [{ kind: 'campaign', value: wish.campaign }]);
      return { scope: { ...base, campaignId }, told: { campaign: wish.campaign } };
    }
    case 'recipient': {
      const email = readAddress(wish.email);
      return {
        scope: { ...base, addressIndex: account.vault.index('address', comparableAddress(email)) },
        told: { email },
      };
    }
    case 'department':
      return { scope: { ...base, departmentId: wish.departmentId }, told: {} };
    case 'period':
    case 'account':
      return { scope: base, told: {} };
  }
}

function boundsOf(wish: HoldScope): { since: Date | null; until: Date | null } {
  if (wish.kind === 'message' || wish.kind === 'account') return { since: null, until: null };
  const since = wish.since === undefined ? null : new Date(wish.since);
  const until = wish.until === undefined ? null : new Date(wish.until);
  const isEmpty = since !== null && until !== null && since >= until;
  if (isEmpty || (wish.kind === 'period' && since === null && until === null))
    throw new Problem('report.range_invalid');
  return { since, until };
}

function readAddress(email: string): string {
  const parsed = parseAddressList(email);
  if (parsed.kind !== 'addresses' || parsed.mailboxes.length !== 1) throw new Problem('message.invalid_address');
  return normaliseAddress(email);
}

/** What it names must be the account's; a message's hold reaches back to its acceptance. */
async function withinAccount(tx: Tx, scope: Scope): Promise<Scope> {
  if (scope.departmentId !== null && !(await isDepartment(tx, scope.departmentId)))
    throw new Problem('hold.scope_unknown');
  if (scope.messageId === null) return scope;
  const since = await whenAccepted(tx, scope.messageId);
  if (since === undefined) throw new Problem('hold.scope_unknown');
  return { ...scope, since };
}
