/** Writes an account's rules anew: which route mail goes by, in their order. It changes no route. */
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import type { MailRouteRuleRead, RouteRuleToWrite } from '../contract/routes.ts';
import type { Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import type { Caller } from '../platform/route.ts';
import type { AccountVault } from '../platform/vault.ts';
import { describeRule, type RoutingWorld } from './read-routes.ts';
import { domainPatternOf } from './relay-address.ts';
import { forgetBook } from './route-book.ts';
import { sealDomains } from './sealed-route.ts';
import { existingDepartments, listRouteRows, lockRoutes, type RuleRow, replaceRules } from './store.ts';

export async function changeRules(
  world: RoutingWorld,
  caller: Caller,
  wishes: readonly RouteRuleToWrite[],
): Promise<MailRouteRuleRead[]> {
  const { accountId, actor } = caller;
  const vault = await accountVault(world, accountId);
  const at = world.clock.now();
  const rows = wishes.map((wish, place) => ruleRow(vault, wish, place, at));
  await world.db.asAccount(accountId, async (tx) => {
    await lockRoutes(tx);
    await refuseUnknown(tx, rows);
    await replaceRules(tx, rows);
    await record(tx, {
      ...{ at, actor, action: 'route_rules.changed', object: { kind: 'settings', id: accountId } },
      detail: { rules: rows.length },
    });
  });
  forgetBook(world, accountId);
  return rows.map((row) => describeRule(vault, row));
}

function ruleRow(vault: AccountVault, wish: RouteRuleToWrite, place: number, at: Date): RuleRow {
  const domain = (field: 'recipientDomain' | 'senderDomain'): string | null => {
    const wished = wish[field];
    const pattern = wished === null ? null : domainPatternOf(wished);
    if (wished !== null && pattern === null)
      throw new Problem('mail_route.rule_domain_invalid', [
        { field: `rules[${place}].${field}`, message: 'Not a domain.' },
      ]);
    return pattern;
  };
  const domains = { recipientDomain: domain('recipientDomain'), senderDomain: domain('senderDomain') };
  const { routeId, departmentId, messageClass } = wish;
  return { id: newId(at), place, routeId, departmentId, messageClass, domainsSealed: sealDomains(vault, domains) };
}

async function refuseUnknown(tx: Tx, rows: readonly RuleRow[]): Promise<void> {
  const routes = new Set((await listRouteRows(tx)).map(({ id }) => id));
  const strange = rows.findIndex(({ routeId }) => !routes.has(routeId));
  if (strange >= 0)
    throw new Problem('mail_route.not_found', [
      { field: `rules[${strange}].routeId`, message: 'There is no such route.' },
    ]);
  const wanted = [...new Set(rows.flatMap(({ departmentId }) => departmentId ?? []))];
  const found = await existingDepartments(tx, wanted);
  if (wanted.some((id) => !found.has(id))) throw new Problem('department.unknown');
}
