/** Takes a payload whose origin is settled: reads it, stores what is new of it, and tells what became of each part. */
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import type { TakenProviderEvents } from '../contract/providers.ts';
import type { ProviderName } from '../core/providers/provider-event.ts';
import { readPayload } from '../core/providers/read-payload.ts';
import type { Actor } from '../platform/route.ts';
import type { ProviderAccount } from './copies.ts';
import { type KeepingWorld, keepEvents } from './keep-events.ts';
import type { OnceOnly } from './proof.ts';
import { noteCall } from './store.ts';

export interface SettledPayload {
  readonly provider: ProviderName;
  readonly payload: unknown;
  readonly actor: Actor;
  /** Null: it came with an API key or from a file. */
  readonly connectionId: string | null;
  readonly once?: OnceOnly;
}

export async function takePayload(
  world: KeepingWorld,
  account: ProviderAccount,
  { provider, payload, actor, connectionId, once }: SettledPayload,
): Promise<TakenProviderEvents> {
  const now = world.clock.now();
  const reading = readPayload(provider, payload, now.getTime());
  if (reading.kind === 'not-a-payload') throw new Problem('provider.payload_unknown');
  if (reading.kind === 'too-many') throw new Problem('provider.too_many_events');
  const events = reading.events.map(({ event }) => event);
  const { accepted, duplicates } = await keepEvents(world, account, provider, events, once);
  const { ignored, refused } = reading;
  const counts = { accepted, duplicates, ignored, refused: refused.length };
  await world.db.asAccount(account.accountId, async (tx) => {
    if (connectionId !== null)
      await noteCall(tx, connectionId, true, { at: now, ...counts, refusal: refused[0]?.reason ?? null });
    await record(tx, {
      at: now,
      actor,
      action: 'provider_events.taken',
      object:
        connectionId === null ? { kind: 'provider-connection' } : { kind: 'provider-connection', id: connectionId },
      detail: { provider, ...counts },
    });
  });
  return { accepted, duplicates, ignored, refused: [...refused] };
}
