/**
 * An account's routes and rules, opened, as delivery asks for them with each load of copies: kept for a second, so that no
 * recipient costs a query and a change holds about a second later in every process.
 */
import QuickLru from 'quick-lru';
import { accountVault } from '../accounts/index.ts';
import type { RouteRule } from '../core/delivery/choose-route.ts';
import type { MailRoute } from '../core/delivery/mail-route.ts';
import type { Database } from '../platform/database.ts';
import type { World } from '../platform/world.ts';
import { openDomains, openRoute } from './sealed-route.ts';
import { listRouteRows, listRuleRows } from './store.ts';

export interface RouteBook {
  /** In the order in which they are asked. */
  readonly rules: readonly RouteRule<MailRoute>[];
}

type Needs = Pick<World, 'db' | 'vault'>;
interface Kept {
  readonly book: Promise<RouteBook>;
  readonly untilMs: number;
}

const keptMs = 1_000;
const accountsAtMost = 1_000;
const keptBy = new WeakMap<Database, QuickLru<string, Kept>>();

export function routeBook(world: Needs, accountId: string): Promise<RouteBook> {
  const kept = keptOf(world.db);
  const known = kept.get(accountId);
  if (known !== undefined && performance.now() < known.untilMs) return known.book;
  const book = loadBook(world, accountId);
  kept.set(accountId, { book, untilMs: performance.now() + keptMs });
  book.catch(() => kept.delete(accountId));
  return book;
}

export const forgetBook = ({ db }: Pick<World, 'db'>, accountId: string): void => void keptOf(db).delete(accountId);

function keptOf(db: Database): QuickLru<string, Kept> {
  const kept = keptBy.get(db) ?? new QuickLru<string, Kept>({ maxSize: accountsAtMost });
  keptBy.set(db, kept);
  return kept;
}

const none: RouteBook = { rules: [] };

async function loadBook(world: Needs, accountId: string): Promise<RouteBook> {
  const { ruleRows, routeRows } = await world.db.readAccount(accountId, async (tx) => {
    const found = await listRuleRows(tx);
    return { ruleRows: found, routeRows: found.length === 0 ? [] : await listRouteRows(tx) };
  });
  if (ruleRows.length === 0) return none;
  const vault = await accountVault(world, accountId);
  // What does not open stops the account's mail: it must not leave by another way than the one that was chosen for it.
  const routes = new Map(
    routeRows.map((row): [string, MailRoute] => [
      row.id,
      { ...openRoute(vault, row), id: row.id, owner: `${accountId} ${row.id} ${row.changedAt.getTime()}` },
    ]),
  );
  const rules = ruleRows.flatMap((row) => {
    const route = routes.get(row.routeId);
    const { id, departmentId, messageClass } = row;
    return route === undefined ? [] : [{ id, route, departmentId, messageClass, ...openDomains(vault, row) }];
  });
  return { rules };
}
