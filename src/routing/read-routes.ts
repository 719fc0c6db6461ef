/** Tells an account's routes with the health of their relays, and never a password. It writes an audit entry and nothing else. */
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import type { MailRouteRead, MailRouteRuleRead, RelayHealth } from '../contract/routes.ts';
import type { SourceAddress } from '../core/delivery/mail-route.ts';
import { relayCondition } from '../core/delivery/relay-health.ts';
import type { Caller } from '../platform/route.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { installationRelays } from './installation-route.ts';
import { openDomains, openRoute, type RouteSettings } from './sealed-route.ts';
import {
  listRouteRows,
  listRuleRows,
  type RelayStateRow,
  type RouteRow,
  type RuleRow,
  readRelayStates,
} from './store.ts';

export interface RoutingOptions {
  readonly smarthost?: string | undefined;
  readonly sourceAddresses?: readonly SourceAddress[] | undefined;
  /** Networks that are not public and that accounts' relays may be in. */
  readonly relayNetworks?: readonly string[] | undefined;
}

export interface RoutingWorld extends Pick<World, 'db' | 'vault' | 'clock'> {
  readonly options: RoutingOptions;
}

const seenForMs = 3_600_000;
const failingForMs = 60_000;

export async function listRoutes(world: RoutingWorld, caller: Caller) {
  const { accountId, actor } = caller;
  const { options } = world;
  const vault = await accountVault(world, accountId);
  const { rows, rules } = await world.db.asAccount(accountId, async (tx) => {
    const found = { rows: await listRouteRows(tx), rules: await listRuleRows(tx) };
    await record(tx, {
      ...{ at: world.clock.now(), actor, action: 'routes.listed', object: { kind: 'settings', id: accountId } },
      detail: { routes: found.rows.length, rules: found.rules.length },
    });
    return found;
  });
  const opened = rows.map((row) => ({ row, settings: openRoute(vault, row) }));
  const relays = installationRelays(options.smarthost);
  const healths = await healthOf(world, [...opened.flatMap(({ settings }) => settings.hosts), ...relays]);
  return {
    installation: {
      kind: relays.length === 0 ? ('direct' as const) : ('relay' as const),
      hosts: relays.map(({ id, host, port, tls, priority, weight }) => ({
        ...{ host, port, tls, priority, weight },
        health: healths(id),
      })),
    },
    sourceAddresses: [...(options.sourceAddresses ?? [])],
    routes: opened.map(({ row, settings }) => describe(row, settings, healths)),
    rules: rules.map((row) => describeRule(vault, row)),
  };
}

export async function readRoute(world: RoutingWorld, { accountId }: Caller, id: string): Promise<MailRouteRead> {
  const vault = await accountVault(world, accountId);
  const rows = await world.db.readAccount(accountId, listRouteRows);
  const row = rows.find((one) => one.id === id);
  if (row === undefined) throw new Problem('mail_route.not_found');
  return describeRoute(world, row, openRoute(vault, row));
}

export async function describeRoute(
  world: RoutingWorld,
  row: Pick<RouteRow, 'id' | 'createdAt' | 'changedAt'>,
  settings: RouteSettings,
): Promise<MailRouteRead> {
  return describe(row, settings, await healthOf(world, settings.hosts));
}

type Healths = (relayId: string) => RelayHealth;

const describe = (
  { id, createdAt, changedAt }: Pick<RouteRow, 'id' | 'createdAt' | 'changedAt'>,
  { name, kind, hosts, sourceAddresses, heloName }: RouteSettings,
  healths: Healths,
): MailRouteRead => ({
  ...{ id, name, kind, heloName, sourceAddresses: [...sourceAddresses] },
  hosts: hosts.map(({ login, ...host }) => ({
    ...host,
    ...{ user: login?.user ?? null, hasPassword: login !== null, health: healths(host.id) },
  })),
  createdAt: createdAt.toISOString(),
  changedAt: changedAt.toISOString(),
});

export function describeRule(vault: AccountVault, row: RuleRow): MailRouteRuleRead {
  const { id, routeId, departmentId, messageClass } = row;
  return { id, routeId, departmentId, messageClass, ...openDomains(vault, row) };
}

async function healthOf(world: RoutingWorld, relays: readonly { readonly id: string }[]): Promise<Healths> {
  const nowMs = world.clock.now().getTime();
  const since = { working: new Date(nowMs - seenForMs), failing: new Date(nowMs - failingForMs) };
  const ids = relays.map(({ id }) => id);
  const rows = ids.length === 0 ? [] : await world.db.asWorker((tx) => readRelayStates(tx, ids, since));
  const byRelay = Map.groupBy(rows, ({ relayId }) => relayId);
  return (id) => toldHealth(byRelay.get(id) ?? []);
}

function toldHealth(rows: readonly RelayStateRow[]): RelayHealth {
  const { state, text, answeredAt, failingSince, restsUntil } = relayCondition(rows);
  const told = (date: Date | null): string | null => date?.toISOString() ?? null;
  return { state, text, answeredAt: told(answeredAt), failingSince: told(failingSince), restsUntil: told(restsUntil) };
}
