/**
 * Lets one recipient's mail go with less protection than the policy asks, on somebody's word and for a while. Only what
 * our own policy keeps back: what the recipient's domain itself asks for, and a pinned relay, is nobody's here to lift.
 */
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import type { TransportRelease } from '../contract/transport.ts';
import { type Released, whatKeepsBack } from '../core/delivery/release.ts';
import type { Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import type { Caller } from '../platform/route.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { retryPart } from './queue-store.ts';
import { insertRelease, lockWaiting, type ReleaseRow, type Waiting } from './release-store.ts';
import { openEvidence } from './stored-evidence.ts';

export interface ReleaseAsked {
  readonly messageId: string;
  readonly recipientId: string;
  readonly transport: Released;
  readonly reason: string;
  readonly hours: number;
}

const mostReleases = 20;

export async function releaseTransport(
  world: Pick<World, 'db' | 'vault' | 'clock'>,
  caller: Caller,
  asked: ReleaseAsked,
): Promise<TransportRelease> {
  const { messageId, recipientId, transport, reason } = asked;
  const vault = await accountVault(world, caller.accountId);
  return world.db.asAccount(caller, async (tx) => {
    const keySealed = keyOfReleasable(vault, await lockWaiting(tx, messageId, recipientId));
    const at = world.clock.now();
    const { kind, id } = caller.actor;
    const row: ReleaseRow = {
      transport,
      reasonSealed: vault.openMessageKey(keySealed).seal('transport.release', reason),
      releasedAt: at,
      ...{ byKind: kind, byId: id },
      expiresAt: new Date(at.getTime() + asked.hours * 3_600_000),
    };
    await insertRelease(tx, { ...row, id: newId(at), messageId, recipientId });
    await retryPart(tx, { by: 'recipient', recipientId }, at, 1);
    await tellAudit(tx, caller, asked, at);
    return releaseTold(row, reason);
  });
}

export const releaseTold = (row: ReleaseRow, reason: string | null): TransportRelease => ({
  transport: row.transport,
  reason,
  by: { kind: row.byKind, id: row.byId },
  releasedAt: row.releasedAt.toISOString(),
  expiresAt: row.expiresAt.toISOString(),
});

function keyOfReleasable(vault: AccountVault, waiting: Waiting | undefined): Buffer {
  if (waiting === undefined) throw new Problem('message.not_found');
  const { isQueued, keySealed, evidenceSealed, releases } = waiting;
  if (!isQueued || keySealed === null) throw new Problem('transport_release.not_waiting');
  if (releases >= mostReleases) throw new Problem('transport_release.too_many');
  const message = vault.openMessageKey(keySealed);
  const keeper = whatKeepsBack(openEvidence({ account: vault, message }, evidenceSealed));
  if (keeper === 'nothing') throw new Problem('transport_release.not_below_policy');
  if (keeper === 'others') throw new Problem('transport_release.not_ours');
  return keySealed;
}

const tellAudit = (tx: Tx, { actor }: Caller, { messageId, transport, hours }: ReleaseAsked, at: Date) =>
  record(tx, {
    ...{ at, actor, action: 'transport.released' as const },
    ...{ object: { kind: 'message' as const, id: messageId }, detail: { transport, hours } },
  });
