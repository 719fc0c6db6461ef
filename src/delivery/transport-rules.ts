/** What an account asks for towards single recipient domains: listing, setting and taking back, each told to the audit log. */
import { domainToASCII } from 'node:url';
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import type { MinimumTransport } from '../core/delivery/transport.ts';
import type { Tx } from '../platform/database.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { countRules, deleteRule, keepRule, mostRules, readRule, readRules, ruleIndex } from './rule-store.ts';

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;

export interface TransportRule {
  readonly domain: string;
  readonly minimumTransport: MinimumTransport;
  readonly updatedAt: string;
}

export async function listRules(world: Needs, { accountId, actor }: Caller): Promise<TransportRule[]> {
  const vault = await accountVault(world, accountId);
  const rows = await world.db.asAccount(accountId, async (tx) => {
    const found = await readRules(tx);
    await record(tx, {
      ...{ at: world.clock.now(), actor, action: 'transport_rules.listed' },
      ...{ object: { kind: 'settings', id: accountId }, detail: { rules: found.length } },
    });
    return found;
  });
  return rows.map(({ domainSealed, minimumTransport, updatedAt }) => ({
    domain: vault.open('transport.rule', domainSealed).toString(),
    minimumTransport,
    updatedAt: updatedAt.toISOString(),
  }));
}

export async function setRule(
  world: Needs,
  caller: Caller,
  wished: string,
  minimumTransport: MinimumTransport,
): Promise<TransportRule> {
  const domain = readDomain(wished);
  const vault = await accountVault(world, caller.accountId);
  const index = vault.index(ruleIndex, domain);
  const updatedAt = world.clock.now();
  await world.db.asAccount(caller, async (tx) => {
    const before = await readRule(tx, index);
    if (before === undefined && (await countRules(tx)) >= mostRules) throw new Problem('transport_rule.too_many');
    await keepRule(tx, index, { domainSealed: vault.seal('transport.rule', domain), minimumTransport, updatedAt });
    await tell(tx, caller, updatedAt, before?.minimumTransport ?? null, minimumTransport);
  });
  return { domain, minimumTransport, updatedAt: updatedAt.toISOString() };
}

/** Of a domain without a rule it does nothing, and says so in the audit log all the same. */
export async function forgetRule(world: Needs, caller: Caller, wished: string): Promise<void> {
  const index = (await accountVault(world, caller.accountId)).index(ruleIndex, readDomain(wished));
  await world.db.asAccount(caller, async (tx) => {
    const before = await readRule(tx, index);
    await deleteRule(tx, index);
    await tell(tx, caller, world.clock.now(), before?.minimumTransport ?? null, null);
  });
}

/** Which domain it is stays with the rule: a domain of one's own can name a person. */
const tell = (
  tx: Tx,
  caller: Caller,
  at: Date,
  from: MinimumTransport | null,
  to: MinimumTransport | null,
): Promise<void> =>
  record(tx, {
    ...{ at, actor: caller.actor, action: 'transport_rule.changed' },
    ...{ object: { kind: 'settings', id: caller.accountId }, detail: { from, to } },
  });

const labels = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/** In ASCII form and lower case, as delivery compares it. */
function readDomain(wished: string): string {
  const domain = domainToASCII(wished.trim().replace(/\.$/, ''));
  if (!labels.test(domain)) throw new Problem('transport_rule.domain_invalid');
  return domain;
}
