/** Looks at the domains of connections by itself. Any number of processes may do so; looking twice harms nothing. */
import { listAccounts } from '../accounts/index.ts';
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
  const turn = async (closing: AbortSignal): Promise<void> => {
    for (const { accountId } of await listAccounts(world.db)) {
      if (closing.aborted) return;
      await lookAtDueDomains(needs, { accountId, actor });
    }
  };
  return repeat(world, { name: 'the look at domains of single sign-on', everyMs, turn });
}
