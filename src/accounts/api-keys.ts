/** Lists, makes and revokes API keys. A secret is shown in the answer that makes it and never again. */
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { addApiKey } from './create-account.ts';
import type { Gate } from './gate.ts';
import { newApiKeySecret } from './secrets.ts';
import { listApiKeyRows, markApiKeyRevoked, type StoredApiKey } from './store.ts';

export const listKeys = (world: World, caller: Caller): Promise<StoredApiKey[]> =>
  world.db.readAccount(caller.accountId, listApiKeyRows);

export function createKey(
  world: World,
  caller: Caller,
  name: string,
): Promise<{ id: string; secret: string; hint: string; at: Date }> {
  return world.db.asAccount(caller.accountId, (tx) =>
    addApiKey(tx, world, { name, actor: caller.actor, secret: newApiKeySecret() }),
  );
}

export async function revokeKey(world: World, gate: Gate, caller: Caller, id: string): Promise<void> {
  if (caller.actor.kind === 'api-key' && caller.actor.id === id) throw new Problem('key.last_one');
  const at = world.clock.now();
  const { actor } = caller;
  await world.db.asAccount(caller.accountId, async (tx) => {
    if (!(await markApiKeyRevoked(tx, id, at))) throw new Problem('key.not_found');
    await record(tx, { at, actor, action: 'api_key.revoked', object: { kind: 'api-key', id }, detail: {} });
  });
  gate.forget(id);
}
