/**
 * Decides whose mail is taken next: transactional before marketing, and while more is due than there is room, accounts
 * in turn and in each its campaigns in turn. One that sends a million waits behind itself, nobody else behind it.
 */
import { priorityOf, shareRoom } from '../core/delivery/message-class.ts';
import type { Tx } from '../platform/database.ts';
import { accountsWithDue, type ClaimTimes, countDue, type Taken, takeInTurn, takeOldest } from './claim-store.ts';

export interface Claims {
  /** Under the worker role. */
  take(tx: Tx, times: ClaimTimes, room: number): Promise<Taken[]>;
}

const accountsAtOnce = 16;
const rememberedAccounts = 10_000;
const beforeAll = '00000000-0000-0000-0000-000000000000';

/** Where the turns of one class stand. Each process has its own; that is fair enough, and costs no row. */
interface Turns {
  afterAccount: string;
  readonly afterCampaign: Map<string, number>;
}

export function openClaims(): Claims {
  const turns = new Map<number, Turns>();
  const turnsOf = (priority: number): Turns => {
    const known = turns.get(priority) ?? { afterAccount: beforeAll, afterCampaign: new Map() };
    turns.set(priority, known);
    return known;
  };
  return {
    async take(tx, times, room) {
      const waiting = await countDue(tx, times.now, room + 1);
      const shares = shareRoom(waiting, room);
      const taken: Taken[] = [];
      for (const kind of ['transactional', 'marketing'] as const) {
        const [priority, share] = [priorityOf(kind), shares[kind]];
        if (share === 0) continue;
        if (waiting[kind] <= share) taken.push(...(await takeOldest(tx, priority, share, times)));
        else taken.push(...(await takeFairly(tx, turnsOf(priority), priority, share, times)));
      }
      return taken;
    },
  };
}

async function takeFairly(tx: Tx, turns: Turns, priority: number, share: number, times: ClaimTimes): Promise<Taken[]> {
  const accounts = await nextAccounts(tx, turns, priority, times.now);
  if (accounts.length === 0) return takeOldest(tx, priority, share, times);
  const each = Math.ceil(share / accounts.length);
  const atOnce = accounts.slice(0, Math.ceil(share / each));
  const taken = await takeInTurn(
    tx,
    priority,
    atOnce.map((accountId) => ({ accountId, afterCampaign: turns.afterCampaign.get(accountId) ?? -1 })),
    each,
    times,
  );
  advance(turns, atOnce, taken);
  // What the turns left free goes to whoever waits longest.
  const left = share - taken.length;
  return left > 0 ? [...taken, ...(await takeOldest(tx, priority, left, times))] : taken;
}

/** From the one after the last on, and round again. */
async function nextAccounts(tx: Tx, turns: Turns, priority: number, now: Date): Promise<readonly string[]> {
  const behind = await accountsWithDue(tx, priority, turns.afterAccount, now, accountsAtOnce);
  if (behind.length === accountsAtOnce || turns.afterAccount === beforeAll) return behind;
  const first = await accountsWithDue(tx, priority, beforeAll, now, accountsAtOnce - behind.length);
  return [...new Set([...behind, ...first])];
}

function advance(turns: Turns, accounts: readonly string[], taken: readonly Taken[]): void {
  turns.afterAccount = accounts.at(-1) ?? beforeAll;
  if (turns.afterCampaign.size > rememberedAccounts) turns.afterCampaign.clear();
  const byAccount = Map.groupBy(taken, (one) => one.accountId);
  for (const accountId of accounts) {
    const campaigns = byAccount.get(accountId)?.map((one) => one.campaignId) ?? [];
    if (campaigns.length === 0) turns.afterCampaign.delete(accountId);
    else turns.afterCampaign.set(accountId, lastInTurn(campaigns, turns.afterCampaign.get(accountId) ?? -1));
  }
}

/** Campaigns are served from the one behind `after` on, and round again. */
function lastInTurn(campaigns: readonly number[], after: number): number {
  const round = campaigns.filter((campaign) => campaign <= after);
  return Math.max(...(round.length > 0 ? round : campaigns));
}
