/**
 * Makes, changes and removes an account's routes. Their logins are kept sealed and given back by nothing; a password
 * never follows its relay to another host. It connects to nothing.
 */
import { isDeepStrictEqual } from 'node:util';
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import type { AuditDetails } from '../contract/audit-actions.ts';
import { Problem } from '../contract/problem.ts';
import type { MailRouteRead, RouteToWrite } from '../contract/routes.ts';
import type { RelayHost } from '../core/delivery/mail-route.ts';
import type { Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import type { Caller } from '../platform/route.ts';
import type { AccountVault } from '../platform/vault.ts';
import { describeRoute, type RoutingOptions, type RoutingWorld } from './read-routes.ts';
import { relayHostOf } from './relay-address.ts';
import { forgetBook } from './route-book.ts';
import { openRoute, type RouteSettings, sealRoute } from './sealed-route.ts';
import { deleteRouteRow, insertRoute, listRouteRows, listRuleRows, lockRoutes, updateRoute } from './store.ts';

const routesAtMost = 50;

export async function createRoute(world: RoutingWorld, caller: Caller, wish: RouteToWrite): Promise<MailRouteRead> {
  const vault = await accountVault(world, caller.accountId);
  const at = world.clock.now();
  const settings = settingsOf(wish, [], world.options);
  const row = { id: newId(at), settingsSealed: sealRoute(vault, settings), createdAt: at, changedAt: at };
  await world.db.asAccount(caller.accountId, async (tx) => {
    const others = await othersOf(tx, vault, row.id);
    if (others.length >= routesAtMost) throw new Problem('mail_route.too_many');
    refuseTakenName(others, settings);
    await insertRoute(tx, row);
    await write(tx, caller, at, 'route.created', row.id, { kind: settings.kind, relays: settings.hosts.length });
  });
  return describeRoute(world, row, settings);
}

export async function changeRoute(
  world: RoutingWorld,
  caller: Caller,
  id: string,
  wish: RouteToWrite,
): Promise<MailRouteRead> {
  const vault = await accountVault(world, caller.accountId);
  const changedAt = world.clock.now();
  const changed = await world.db.asAccount(caller.accountId, async (tx) => {
    const others = await othersOf(tx, vault, id);
    const row = (await listRouteRows(tx)).find((one) => one.id === id);
    if (row === undefined) throw new Problem('mail_route.not_found');
    const before = openRoute(vault, row);
    const settings = settingsOf(wish, before.hosts, world.options);
    refuseTakenName(others, settings);
    await updateRoute(tx, { id, settingsSealed: sealRoute(vault, settings), changedAt });
    const logins = settings.hosts.filter(
      ({ id: hostId, login }) =>
        !isDeepStrictEqual(login, before.hosts.find((one) => one.id === hostId)?.login ?? null),
    ).length;
    const detail = { kind: settings.kind, relays: settings.hosts.length, logins };
    await write(tx, caller, changedAt, 'route.changed', id, detail);
    return { row: { id, createdAt: row.createdAt, changedAt }, settings };
  });
  forgetBook(world, caller.accountId);
  return describeRoute(world, changed.row, changed.settings);
}

export async function deleteRoute(world: RoutingWorld, caller: Caller, id: string): Promise<void> {
  await world.db.asAccount(caller.accountId, async (tx) => {
    await lockRoutes(tx);
    const rows = await listRouteRows(tx);
    if (!rows.some((row) => row.id === id)) throw new Problem('mail_route.not_found');
    const rules = await listRuleRows(tx);
    if (rules.some(({ routeId }) => routeId === id)) throw new Problem('mail_route.in_use');
    await deleteRouteRow(tx, id);
    await write(tx, caller, world.clock.now(), 'route.deleted', id, {});
  });
}

async function othersOf(tx: Tx, vault: AccountVault, id: string): Promise<RouteSettings[]> {
  await lockRoutes(tx);
  const rows = await listRouteRows(tx);
  return rows.filter((row) => row.id !== id).map((row) => openRoute(vault, row));
}

function refuseTakenName(others: readonly RouteSettings[], { name }: RouteSettings): void {
  const taken = others.some((one) => one.name.toLowerCase() === name.toLowerCase());
  if (taken) throw new Problem('mail_route.name_taken');
}

/** @param before the relays that the route has: what is kept of their logins. */
function settingsOf(wish: RouteToWrite, before: readonly RelayHost[], options: RoutingOptions): RouteSettings {
  const { name, kind, sourceAddresses, heloName } = wish;
  if ((kind === 'relay') !== wish.hosts.length > 0) throw new Problem('mail_route.hosts_wrong');
  const pool = new Set((options.sourceAddresses ?? []).map(({ address }) => address));
  const strange = sourceAddresses.findIndex((address) => !pool.has(address));
  if (strange >= 0)
    throw new Problem('mail_route.source_unknown', [
      { field: `sourceAddresses[${strange}]`, message: 'Not in the pool.' },
    ]);
  const hosts = wish.hosts.map((host, place) => relayOf(host, place, before, options));
  if (new Set(hosts.map(({ id }) => id)).size < hosts.length) throw new Problem('mail_route.hosts_wrong');
  return { name, kind, hosts, sourceAddresses: [...new Set(sourceAddresses)], heloName };
}

function relayOf(
  wish: RouteToWrite['hosts'][number],
  place: number,
  before: readonly RelayHost[],
  options: RoutingOptions,
): RelayHost {
  const host = relayHostOf(wish.host, options.relayNetworks ?? []);
  if (host === null)
    throw new Problem('mail_route.host_refused', [
      { field: `hosts[${place}].host`, message: 'Not a host for a relay.' },
    ]);
  const known = before.find(({ id }) => id === wish.id);
  const { port, tls, priority, weight, pin } = wish;
  const relay = { id: known?.id ?? newId(new Date()), host, port, tls, priority, weight, pin };
  return { ...relay, login: loginOf(wish, place, known, relay) };
}

function loginOf(
  { user, password }: RouteToWrite['hosts'][number],
  place: number,
  known: RelayHost | undefined,
  relay: Pick<RelayHost, 'host' | 'port' | 'tls' | 'pin'>,
): RelayHost['login'] {
  if (user === null && password === undefined) return null;
  if (user !== null && password !== undefined) return { user, password };
  // Whoever may change a route could otherwise have the password sent to a host of their own.
  const isSame =
    known?.login != null &&
    known.login.user === user &&
    known.host === relay.host &&
    known.port === relay.port &&
    known.tls === relay.tls &&
    known.pin === relay.pin;
  if (isSame) return known.login;
  throw new Problem('mail_route.password_needed', [
    { field: `hosts[${place}].password`, message: 'Give user and password together.' },
  ]);
}

const write = <Action extends 'route.created' | 'route.changed' | 'route.deleted'>(
  tx: Tx,
  { actor }: Pick<Caller, 'actor'>,
  at: Date,
  action: Action,
  id: string,
  detail: AuditDetails[Action],
): Promise<void> => record(tx, { at, actor, action, object: { kind: 'route', id }, detail });
