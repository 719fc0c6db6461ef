/** Looks at the domains of connections by itself. Any number of processes may do so; looking twice harms nothing. */
import { listAccounts } from '../accounts/index.ts';
import { DatabaseUnavailable } from '../platform/database.ts';
import { openLookUp } from '../platform/look-up.ts';
import { repeat } from '../platform/repeat.ts';
import type { Running, World } from '../platform/world.ts';
import { lookAtDueDomains, type ProvingNeeds } from './prove-domains.ts';

const everyMs = 60_000;
const actor = { kind: 'system', id: 'single-sign-on' } as const;

export function startProvingDomains(
  world: World,
  options: { readonly dnsServers?: readonly string[] | undefined },
): Running {
  const needs: ProvingNeeds = { ...world, dns: openLookUp(options.dnsServers ?? []) };
  const turn = (closing: AbortSignal): Promise<void> => lookAround(needs, closing);
  return repeat(world, { name: 'the look at domains of single sign-on', everyMs, turn });
}

/** One account's trouble is told after the others have had their turn: a domain that was lost must not stay theirs by it. */
export async function lookAround(needs: ProvingNeeds, closing: AbortSignal): Promise<void> {
  const troubles: unknown[] = [];
  for (const { accountId } of await listAccounts(needs.db)) {
    if (closing.aborted) return;
    await lookAtDueDomains(needs, { accountId, actor }).catch((error) => {
      if (error instanceof DatabaseUnavailable) throw error;
      troubles.push(error);
    });
  }
  if (troubles.length > 0) throw troubles[0];
}
