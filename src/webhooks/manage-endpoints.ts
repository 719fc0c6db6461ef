/**
 * Makes, lists, changes and ends endpoints, and makes their secrets anew. What the account's events are fed for follows in
 * the same transaction. It tells no endpoint anything.
 */
import { randomBytes } from 'node:crypto';
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import type { AuditDetails } from '../contract/audit-actions.ts';
import { Problem } from '../contract/problem.ts';
import type { WebhookEndpoint } from '../contract/webhooks.ts';
import { wishForEvents } from '../events/index.ts';
import type { Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { describeEndpoint, openUrl, sealSecret, sealUrl } from './describe-endpoint.ts';
import { isTellable } from './endpoint-address.ts';
import { secretBytes, secretOf } from './signature.ts';
import {
  deleteEndpoint as deleteEndpointRow,
  disableEndpoint,
  type EndpointRow,
  enableEndpoint,
  findEndpointRow,
  insertEndpoint,
  isDepartment,
  listEndpointRows,
  lockFeed,
  updateEndpoint,
  updateSecret,
  wishedTypes,
} from './store.ts';

export interface ManagingWorld extends Pick<World, 'db' | 'vault' | 'clock'> {
  readonly allowsPrivate: boolean;
}

export interface EndpointWish {
  readonly url?: string | undefined;
  readonly description?: string | undefined;
  readonly eventTypes?: readonly string[] | undefined;
  readonly departmentId?: string | null | undefined;
  readonly isEnabled?: boolean | undefined;
}

type NewEndpointWish = EndpointWish & {
  readonly url: string;
  readonly description: string;
  readonly eventTypes: readonly string[];
};

type ToldWithSecret = WebhookEndpoint & { readonly secret: string };

const maxEndpoints = 50;
const hourMs = 3_600_000;

export async function listEndpoints(world: ManagingWorld, { accountId }: Caller): Promise<WebhookEndpoint[]> {
  const vault = await accountVault(world, accountId);
  const rows = await world.db.readAccount(accountId, listEndpointRows);
  return rows.map((row) => describeEndpoint(vault, row, world.clock.now()));
}

export async function readEndpoint(world: ManagingWorld, { accountId }: Caller, id: string): Promise<WebhookEndpoint> {
  const vault = await accountVault(world, accountId);
  const row = await world.db.readAccount(accountId, (tx) => findEndpointRow(tx, id));
  return describeEndpoint(vault, existing(row), world.clock.now());
}

export async function createEndpoint(
  world: ManagingWorld,
  caller: Caller,
  wish: NewEndpointWish,
): Promise<ToldWithSecret> {
  const vault = await accountVault(world, caller.accountId);
  const at = world.clock.now();
  const [id, secret] = [newId(at), newSecret()];
  const { description, eventTypes, departmentId = null } = wish;
  return world.db.asAccount(caller.accountId, async (tx) => {
    const seenNumber = await lockFeed(tx);
    await refuseWish(tx, world, wish);
    if ((await listEndpointRows(tx)).length >= maxEndpoints) throw new Problem('webhook.too_many_endpoints');
    const sealed = { urlSealed: sealUrl(vault, wish.url), secretSealed: sealSecret(vault, secret) };
    await insertEndpoint(tx, { id, description, eventTypes, departmentId, createdAt: at, ...sealed }, seenNumber);
    await followWishes(tx);
    const detail = { eventTypes, department: departmentId !== null };
    await write(tx, caller, at, 'webhook.created', id, detail);
    return { ...describeEndpoint(vault, existing(await findEndpointRow(tx, id)), at), secret };
  });
}

export async function changeEndpoint(
  world: ManagingWorld,
  caller: Caller,
  id: string,
  wish: EndpointWish,
): Promise<WebhookEndpoint> {
  const vault = await accountVault(world, caller.accountId);
  const at = world.clock.now();
  return world.db.asAccount(caller.accountId, async (tx) => {
    await lockFeed(tx);
    const row = existing(await findEndpointRow(tx, id, true));
    await refuseWish(tx, world, wish);
    const isMoved = wish.url !== undefined && wish.url !== openUrl(vault, row.urlSealed);
    const changed = {
      description: wish.description ?? row.description,
      urlSealed: isMoved ? sealUrl(vault, wish.url) : row.urlSealed,
      eventTypes: wish.eventTypes ?? row.eventTypes,
      departmentId: wish.departmentId === undefined ? row.departmentId : wish.departmentId,
    };
    await updateEndpoint(tx, id, changed, at);
    if (wish.isEnabled === true && !row.isEnabled) await enableEndpoint(tx, id, at);
    if (wish.isEnabled === false) await disableEndpoint(tx, id, 'asked', at);
    await followWishes(tx);
    const isEnabled = wish.isEnabled ?? row.isEnabled;
    const { eventTypes, departmentId } = changed;
    const detail = { eventTypes, department: departmentId !== null, isEnabled, isMoved };
    await write(tx, caller, at, 'webhook.changed', id, detail);
    return describeEndpoint(vault, existing(await findEndpointRow(tx, id)), at);
  });
}

export async function deleteEndpoint(world: ManagingWorld, caller: Caller, id: string): Promise<void> {
  const at = world.clock.now();
  await world.db.asAccount(caller.accountId, async (tx) => {
    await lockFeed(tx);
    existing(await findEndpointRow(tx, id, true));
    await deleteEndpointRow(tx, id, at);
    await followWishes(tx);
    await write(tx, caller, at, 'webhook.deleted', id, {});
  });
}

export async function rotateSecret(
  world: ManagingWorld,
  caller: Caller,
  id: string,
  overlapHours: number,
): Promise<ToldWithSecret> {
  const vault = await accountVault(world, caller.accountId);
  const at = world.clock.now();
  const secret = newSecret();
  return world.db.asAccount(caller.accountId, async (tx) => {
    const row = existing(await findEndpointRow(tx, id, true));
    const earlier =
      overlapHours === 0
        ? { earlierSecretSealed: null, earlierSecretEndsAt: null }
        : {
            earlierSecretSealed: row.secretSealed,
            earlierSecretEndsAt: new Date(at.getTime() + overlapHours * hourMs),
          };
    await updateSecret(tx, id, { secretSealed: sealSecret(vault, secret), ...earlier }, at);
    await write(tx, caller, at, 'webhook.secret_rotated', id, { overlapHours });
    return { ...describeEndpoint(vault, existing(await findEndpointRow(tx, id)), at), secret };
  });
}

const newSecret = (): string => secretOf(randomBytes(secretBytes));

/** Throws webhook.not_found. */
export function existing(row: EndpointRow | undefined): EndpointRow {
  if (row === undefined) throw new Problem('webhook.not_found');
  return row;
}

async function refuseWish(tx: Tx, { allowsPrivate }: ManagingWorld, wish: EndpointWish): Promise<void> {
  if (wish.url !== undefined && !isTellable(wish.url, allowsPrivate)) throw new Problem('webhook.url_refused');
  if (wish.departmentId != null && !(await isDepartment(tx, wish.departmentId)))
    throw new Problem('department.unknown');
}

/** What is fed is what some endpoint wishes for; hits by machines are told apart there. */
const followWishes = async (tx: Tx): Promise<unknown> =>
  wishForEvents(
    tx,
    (await wishedTypes(tx)).map((type) => type.replace(/^message\./, '')),
  );

export const write = <Action extends keyof AuditDetails & `webhook.${string}`>(
  tx: Tx,
  { actor }: Pick<Caller, 'actor'>,
  at: Date,
  action: Action,
  id: string,
  detail: AuditDetails[Action],
): Promise<void> => record(tx, { at, actor, action, object: { kind: 'webhook', id }, detail });
