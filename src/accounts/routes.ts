/** The HTTP routes of the accounts area: API keys, the console's session and the outbound settings. */
import {
  createApiKey,
  endSession as endSessionEndpoint,
  listApiKeys,
  openSession as openSessionEndpoint,
  readSession as readSessionEndpoint,
  revokeApiKey,
  rotateApiKey,
} from '../contract/access.ts';
import { changeOutboundSettings, readOutboundSettings } from '../contract/settings.ts';
import { Answer, type Route, route } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { createKey, listKeys, revokeKey, rotateKey } from './api-keys.ts';
import { changeSettings } from './change-settings.ts';
import type { Gate } from './gate.ts';
import { clearSessionCookie, writeSessionCookie } from './session-cookie.ts';
import { endSession, openSession, readSession } from './sign-in.ts';
import { readSettingsRow, type StoredApiKey } from './store.ts';

export function accountRoutes(world: World, gate: Gate, options: { readonly publicUrl: string }): Route[] {
  const isSecure = options.publicUrl.startsWith('https:');
  return [
    route(listApiKeys, 'keys.manage', async (_request, caller) => ({
      apiKeys: (await listKeys(world, caller)).map(keyBody),
    })),
    route(createApiKey, 'keys.manage', async ({ body }, caller) => {
      const key = await createKey(world, caller, body);
      return { ...keyBody(key), secret: key.secret };
    }),
    route(rotateApiKey, 'keys.manage', async ({ params, body }, caller) => {
      const key = await rotateKey(world, gate, caller, params.id, body.overlapHours);
      return { ...keyBody(key), secret: key.secret };
    }),
    route(revokeApiKey, 'keys.manage', async ({ params }, caller) => {
      await revokeKey(world, gate, caller, params.id);
      return undefined;
    }),
    route(openSessionEndpoint, 'open', async ({ body }) => {
      const { token, account, expiresAt } = await openSession(world, body.token);
      const answer = { account, expiresAt: expiresAt.toISOString() };
      return new Answer(answer, { 'set-cookie': writeSessionCookie(isSecure, token, expiresAt) });
    }),
    route(readSessionEndpoint, 'session', async (_request, caller) => {
      const { account, expiresAt } = await readSession(world, caller);
      return { account, expiresAt: expiresAt.toISOString() };
    }),
    route(endSessionEndpoint, 'session', async (_request, caller) => {
      await endSession(world, caller);
      gate.forget(caller.actor.id);
      return new Answer(undefined, { 'set-cookie': clearSessionCookie(isSecure) });
    }),
    route(readOutboundSettings, 'settings.read', (_request, caller) =>
      world.db.readAccount(caller.accountId, (tx) => readSettingsRow(tx, false)),
    ),
    route(changeOutboundSettings, 'settings.change', ({ body }, caller) => changeSettings(world, caller, body)),
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
  replacedBy: key.replacedBy,
});
