/** Makes an account with its data key, its settings and its first API key, in one transaction with the audit entries. */
import { record } from '../audit/index.ts';
import type { Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import type { Actor } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { hashSecret, hintOf, newApiKeySecret } from './secrets.ts';
import { insertAccount, insertApiKey, listAccounts, lockFirstAccount, type StoredApiKey } from './store.ts';

export interface NewAccount {
  readonly accountId: string;
  /** Shown once: only its hash is kept. */
  readonly apiKey: string;
}

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;

interface Wish {
  readonly name: string;
  readonly actor: Actor;
}

export async function createAccount(world: Needs, wish: Wish): Promise<NewAccount> {
  const accountId = newId(world.clock.now());
  const apiKey = newApiKeySecret();
  await world.db.asAccount(accountId, (tx) => writeAccount(tx, world, accountId, { ...wish, apiKey }));
  return { accountId, apiKey };
}

/**
 * Of several processes that start on an empty database at once, one makes the account, with the key that was asked for
 * or without any. Gives its id; undefined: there was an account.
 */
export function createFirstAccount(
  world: Needs,
  wish: Wish & { readonly apiKey: string | undefined },
): Promise<string | undefined> {
  return world.db.asWorker(async (tx) => {
    await lockFirstAccount(tx);
    if ((await listAccounts(tx)).length > 0) return undefined;
    const accountId = newId(world.clock.now());
    await tx.inAccount(accountId, (inner) => writeAccount(inner, world, accountId, wish));
    return accountId;
  });
}

async function writeAccount(
  tx: Tx,
  world: Needs,
  accountId: string,
  wish: Wish & { readonly apiKey: string | undefined },
): Promise<void> {
  const at = world.clock.now();
  const { actor } = wish;
  await insertAccount(tx, { accountId, name: wish.name, keySealed: world.vault.newAccountKey(), at });
  await record(tx, { at, actor, action: 'account.created', object: { kind: 'account', id: accountId }, detail: {} });
  if (wish.apiKey !== undefined) await addApiKey(tx, world, { name: 'First key', actor, secret: wish.apiKey });
}

/** What a key may do, until when, from where and for which department; null: everything, for good, from anywhere. */
export type KeyLimits = Pick<StoredApiKey, 'permissions' | 'expiresAt' | 'allowedNetworks' | 'departmentId'>;

const withoutLimits: KeyLimits = {
  permissions: null,
  expiresAt: null,
  allowedNetworks: null,
  departmentId: null,
};

export interface AddedKey extends StoredApiKey {
  readonly secret: string;
}

export async function addApiKey(
  tx: Tx,
  world: Pick<World, 'vault' | 'clock'>,
  wish: { readonly name: string; readonly actor: Actor; readonly secret: string; readonly limits?: KeyLimits },
): Promise<AddedKey> {
  const at = world.clock.now();
  const { name, actor, secret, limits = withoutLimits } = wish;
  const about = { id: newId(at), name, hint: hintOf(secret), createdAt: at, lastUsedAt: null, replacedBy: null };
  const key: StoredApiKey = { ...about, ...limits };
  const madeBy = { userId: idOf(actor, 'user'), keyId: idOf(actor, 'api-key') };
  await insertApiKey(tx, { ...key, hash: hashSecret(world.vault, 'api-key', secret), madeBy });
  const detail = {
    permissions: limits.permissions,
    expiresAt: limits.expiresAt?.toISOString() ?? null,
    networks: limits.allowedNetworks?.length ?? null,
    departmentId: limits.departmentId,
  };
  await record(tx, { at, actor, action: 'api_key.created', object: { kind: 'api-key', id: key.id }, detail });
  return { ...key, secret };
}

const idOf = (actor: Actor, kind: Actor['kind']): string | null => (actor.kind === kind ? actor.id : null);
