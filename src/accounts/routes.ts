/** The HTTP routes of the accounts area: API keys, signing in, people and the outbound settings. */
import { createApiKey, listApiKeys, revokeApiKey, rotateApiKey } from '../contract/access.ts';
import { changeOutboundSettings, readOutboundSettings } from '../contract/settings.ts';
import { type Route, route, writes, writesNothing } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { changeSettings } from './change-settings.ts';
import type { Gate } from './gate.ts';
import { createKey, listKeys, revokeKey, rotateKey } from './keys/api-keys.ts';
import { peopleRoutes } from './people/people-routes.ts';
import { draftRoutes } from './sessions/draft-routes.ts';
import { signInRoutes } from './sign-in/sign-in-routes.ts';
import { readSettingsRow, type StoredApiKey } from './store.ts';

export function accountRoutes(world: World, gate: Gate, options: { readonly publicUrl: string }): Route[] {
  return [
    route(listApiKeys, 'keys.manage', writes('api_keys.listed'), async (_request, caller) => ({
      apiKeys: (await listKeys(world, caller)).map(keyBody),
    })),
    route(createApiKey, 'keys.manage', writes('api_key.created'), async ({ body }, caller) => {
      const key = await createKey(world, caller, body);
      return { ...keyBody(key), secret: key.secret };
    }),
    route(
      rotateApiKey,
      'keys.manage',
      writes(['api_key.created', 'api_key.rotated']),
      async ({ params, body }, caller) => {
        const key = await rotateKey(world, gate, caller, params.id, body.overlapHours);
        return { ...keyBody(key), secret: key.secret };
      },
    ),
    route(revokeApiKey, 'keys.manage', writes('api_key.revoked'), async ({ params }, caller) => {
      await revokeKey(world, gate, caller, params.id);
      return undefined;
    }),
    ...signInRoutes(world, gate, options),
    ...peopleRoutes(world, gate, options),
    ...draftRoutes(world),
    route(readOutboundSettings, 'settings.read', writesNothing('Settings name no person.'), (_request, caller) =>
      world.db.readAccount(caller.accountId, (tx) => readSettingsRow(tx, false)),
    ),
    route(changeOutboundSettings, 'settings.change', writes('settings.changed'), ({ body }, caller) =>
      changeSettings(world, caller, body),
    ),
  ];
}

const keyBody = ({ id, name, hint, createdAt, lastUsedAt, ...key }: StoredApiKey) => ({
  id,
  name,
  hint,
  createdAt: createdAt.toISOString(),
  lastUsedAt: lastUsedAt?.toISOString() ?? null,
  permissions: key.permissions === null ? null : [...key.permissions],
  expiresAt: key.expiresAt?.toISOString() ?? null,
  allowedNetworks: key.allowedNetworks === null ? null : [...key.allowedNetworks],
  departmentId: key.departmentId,
  replacedBy: key.replacedBy,
});
