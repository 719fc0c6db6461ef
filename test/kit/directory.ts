/** A directory that provisions over SCIM, as far as a test needs one: an account, a key, and its requests over real HTTP. */
import assert from 'node:assert/strict';
import { accountRoutes, createAccount } from '../../src/accounts/index.ts';
import { createApiKey } from '../../src/contract/access.ts';
import { provisioningRoutes } from '../../src/provisioning/index.ts';
import { type Answer, askAt } from './answer.ts';
import { ask, startApi, type TestApi } from './api.ts';
import type { TestWorld } from './world.ts';

export interface Directory {
  readonly accountId: string;
  /** May do everything. */
  readonly ownerKey: string;
  readonly key: string;
  say(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
}

export const publicUrl = 'https://mail.clinic.example';

export const startProvisioning = (world: TestWorld): Promise<TestApi> =>
  startApi(world, (gate) => [
    ...accountRoutes(world, gate, { publicUrl }),
    ...provisioningRoutes(world, gate, { publicUrl }),
  ]);

export async function openDirectory(world: TestWorld, api: TestApi): Promise<Directory> {
  const actor = { kind: 'system', id: 'test' } as const;
  const { accountId, apiKey: ownerKey } = await createAccount(world, { name: 'Example Clinic', actor });
  const wish = { name: 'Directory', permissions: ['people.provision'] };
  const { secret: key } = await ask(api, createApiKey, ownerKey, { body: wish });
  return { accountId, ownerKey, key, say: (...asked) => say(api, key, ...asked) };
}

export async function say(
  api: TestApi,
  key: string | undefined,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await askAt(`${api.url}/scim/v2${path}`, method, body, {
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/scim+json; charset=utf-8' }),
    ...headers,
  });
  if (answer.text !== '')
    assert.match(answer.headers.get('content-type') ?? '', /^application\/scim\+json/, answer.text);
  return answer;
}

export const userSchema = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const groupSchema = 'urn:ietf:params:scim:schemas:core:2.0:Group';
export const enterpriseSchema = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

export const patching = (...Operations: readonly unknown[]) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
  Operations,
});

/** The least of a user. */
export const person = (userName: string, more: Record<string, unknown> = {}) => ({
  schemas: [userSchema],
  userName,
  ...more,
});

export const filtered = (path: string, filter: string, more = ''): string =>
  `${path}?filter=${encodeURIComponent(filter)}${more}`;

/** What a refusal is: its status, SCIM's word for it, and our code. */
export const refusalOf = ({ status, body }: Answer): string => `${status} ${body.scimType ?? '-'} ${body.code}`;
