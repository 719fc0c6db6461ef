/**
 * Looks at the DNS of sender domains by itself: soon and often while something is waited for, rarely otherwise. Any number
 * of processes may do so; looking twice harms nothing.
 */
import { listAccounts } from '../accounts/index.ts';
import { Problem } from '../contract/problem.ts';
import { DatabaseUnavailable } from '../platform/database.ts';
import { openLookUp } from '../platform/look-up.ts';
import { repeat } from '../platform/repeat.ts';
import type { Running, World } from '../platform/world.ts';
import { ownAddresses, ownNames, type SendersOptions } from './own-addresses.ts';
import { listStaleDomains } from './store.ts';
import { type LookingNeeds, verifySender } from './verify-sender.ts';

const everyMs = 60_000;
const waitingMs = 10 * 60_000;
const anyMs = 6 * 3_600_000;
const actor = { kind: 'system', id: 'senders' } as const;

export function startLookingAtSenders(world: World, options: SendersOptions): Running {
  const dns = openLookUp(options.dnsServers ?? []);
  const needs = { dns, addresses: ownAddresses(dns, options), names: ownNames(options) };
  return repeat(world, {
    name: 'the look at sender domains',
    everyMs,
    turn: (closing) => lookAround(world, needs, closing),
  });
}

/** What one account's trouble keeps from being looked at is its own: the others have their turn, then the first trouble is thrown. */
export async function lookAround(world: World, needs: LookingNeeds, closing: AbortSignal): Promise<void> {
  const nowMs = world.clock.now().getTime();
  const before = { waiting: new Date(nowMs - waitingMs), any: new Date(nowMs - anyMs) };
  const troubles: unknown[] = [];
  const goOn = (error: unknown): void => {
    if (error instanceof DatabaseUnavailable) throw error;
    // Claimed by another account, or deleted meanwhile: the report, or its absence, says so.
    if (!(error instanceof Problem)) troubles.push(error);
  };
  for (const { accountId } of await listAccounts(world.db)) {
    const listed = world.db.readAccount(accountId, (tx) => listStaleDomains(tx, before));
    for (const { domain } of (await listed.catch(goOn)) ?? []) {
      if (closing.aborted) return;
      await verifySender(world, needs, { accountId, actor }, domain).catch(goOn);
    }
  }
  if (troubles.length > 0) throw troubles[0];
}
