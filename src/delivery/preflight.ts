/**
 * Looks ahead for a message that is not sent: where each recipient's copy would go and what would protect it. It asks DNS
 * and what is kept of domains, connects to no mail server and stores nothing but the audit entry.
 */
import { accountVault, departmentOfMail, readMailPolicies } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import { chainAbove, decidePolicies } from '../core/access/department-policy.ts';
import { type ChosenRoute, chooseRoute } from '../core/delivery/choose-route.ts';
import { type Contact, type Forecast, forecast, forecastWithoutWay } from '../core/delivery/forecast.ts';
import type { MailRoute } from '../core/delivery/mail-route.ts';
import { classOf, type MessageClass } from '../core/delivery/message-class.ts';
import { type Floor, type MinimumTransport, strictestFloor } from '../core/delivery/transport.ts';
import { comparableAddress, parseAddressList } from '../core/message/index.ts';
import { suppressedWords, whySuppressed } from '../core/returns/suppressed-words.ts';
import type { Tx } from '../platform/database.ts';
import type { Caller } from '../platform/route.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { routeBook } from '../routing/index.ts';
import { type Suppressed, suppressedAmong } from '../suppressions/index.ts';
import { type LastContact, readLastContacts } from './receipt-store.ts';
import { domainOf, type Router, type Way } from './route.ts';
import { readRuleLevels, ruleIndex } from './rule-store.ts';
import { openEvidence } from './stored-evidence.ts';

export interface PreflightQuestion {
  readonly to: readonly (string | { readonly email: string })[];
  readonly departmentId?: string | null | undefined;
  readonly minimumTransport?: MinimumTransport | undefined;
  readonly from?: string | undefined;
  readonly class?: MessageClass | undefined;
  readonly campaign?: string | undefined;
}

export interface Foreseen extends Omit<Forecast, 'outcome'> {
  readonly email: string;
  readonly route: { readonly id: string | null; readonly name: string | null; readonly why: string };
  readonly floor: Floor;
  readonly outcome: Forecast['outcome'] | 'dropped';
  readonly suppressed: Pick<Suppressed, 'reason' | 'scope'> | null;
}

const mostRecipients = 1_000;
const lookedUpAtOnce = 20;
/** DNS and a policy that is slow: beyond this the answer is that nobody answered. */
const lookMs = 15_000;

export async function preflight(
  world: Pick<World, 'db' | 'vault' | 'clock'>,
  router: Pick<Router, 'wayTo'>,
  caller: Caller,
  asked: PreflightQuestion,
): Promise<Foreseen[]> {
  const addresses = readAddresses(asked.to);
  const departmentId = departmentOfMail(caller, asked.departmentId);
  const vault = await accountVault(world, caller.accountId);
  const { floors, contacts, above } = await world.db.readAccount(caller, (tx) =>
    readKnown(tx, vault, { addresses, departmentId, wished: asked.minimumTransport }),
  );
  const messageClass = classOf(asked.class, asked.campaign !== undefined);
  const { rules } = await routeBook(world, caller.accountId);
  const choices = new Map(
    [...new Set(addresses.map(domainOf))].map((domain) => {
      const senderDomain = senderDomainOf(asked.from);
      return [
        domain,
        chooseRoute(rules, { recipientDomain: domain, senderDomain, departmentIds: above, messageClass }),
      ];
    }),
  );
  const ways = await waysTo(router, choices);
  const isMarketing = messageClass === 'marketing';
  const keptFrom = await readSuppressed(world, caller, vault, { addresses, isMarketing });
  await world.db.asAccount(caller.accountId, (tx) =>
    record(tx, {
      ...{ at: world.clock.now(), actor: caller.actor, action: 'preflight.asked' },
      ...{ object: { kind: 'settings', id: caller.accountId }, detail: { recipients: addresses.length } },
    }),
  );
  return addresses.map((email, place) => {
    const floor = floors[place] ?? { level: 'authenticated', from: 'account' };
    const way = ways.get(domainOf(email)) ?? unanswered;
    const chosen = choices.get(domainOf(email)) ?? { route: null, why: '' };
    const route = { id: chosen.route?.id ?? null, name: chosen.route?.name ?? null, why: chosen.why };
    const suppressed = keptFrom.get(place) ?? null;
    if (suppressed !== null) return { email, route, floor, suppressed, ...dropped(suppressed.reason) };
    const told =
      way.kind === 'none'
        ? forecastWithoutWay(way.end, floor)
        : forecast(
            way.stations.map(({ facts }) => facts),
            floor,
            contacts.get(place) ?? null,
          );
    return { email, route, floor, suppressed, ...told, reasons: [chosen.why, ...told.reasons] };
  });
}

const dropped = (reason: Suppressed['reason']) => ({
  ...({ outcome: 'dropped', protection: 'none', transport: null, host: null } as const),
  reasons: [suppressedWords[reason]],
});

/** By the place of the address: what keeps mail of this class from it. The list is the account's, whoever asks. */
async function readSuppressed(
  world: Pick<World, 'db' | 'clock'>,
  { accountId }: Caller,
  vault: AccountVault,
  { addresses, isMarketing }: { readonly addresses: readonly string[]; readonly isMarketing: boolean },
): Promise<ReadonlyMap<number, Pick<Suppressed, 'reason' | 'scope'>>> {
  const indexes = addresses.map((address) => vault.index('address', comparableAddress(address)));
  const found = await world.db.readAccount(accountId, (tx) =>
    tx.query<Suppressed>(suppressedAmong(indexes, world.clock.now())),
  );
  const byAddress = Map.groupBy(found, ({ addressIndex }) => addressIndex.toString('hex'));
  return new Map(
    indexes.flatMap((index, place) => {
      const standings = byAddress.get(index.toString('hex')) ?? [];
      const reason = whySuppressed(standings, isMarketing);
      const scope = standings.find((one) => one.reason === reason)?.scope;
      return reason === undefined || scope === undefined ? [] : [[place, { reason, scope }] as const];
    }),
  );
}

const unanswered: Way = { kind: 'none', end: { kind: 'failed', why: 'dns.no_answer' } };

/** Empty: none is known, so that no rule about a sender fits. */
function senderDomainOf(from: string | undefined): string {
  const parsed = from === undefined || /\p{Cc}/u.test(from) ? null : parseAddressList(from);
  const [mailbox] = parsed?.kind === 'addresses' ? parsed.mailboxes : [];
  return mailbox === undefined ? '' : domainOf(mailbox.address);
}

/** In the order given; an address that comes twice is told of once. */
function readAddresses(to: PreflightQuestion['to']): string[] {
  if (to.length === 0) throw new Problem('message.no_recipients');
  if (to.length > mostRecipients) throw new Problem('message.too_many_recipients');
  const byName = new Map<string, string>();
  for (const [index, entry] of to.entries()) {
    const text = typeof entry === 'string' ? entry : entry.email;
    const parsed = /\p{Cc}/u.test(text) ? null : parseAddressList(text);
    const [mailbox, another] = parsed?.kind === 'addresses' ? parsed.mailboxes : [];
    if (mailbox === undefined || another !== undefined)
      throw new Problem('message.invalid_address', [{ field: `to[${index}]`, message: 'Not one address.' }]);
    const name = comparableAddress(mailbox.address);
    if (!byName.has(name)) byName.set(name, mailbox.address);
  }
  return [...byName.values()];
}

interface Known {
  readonly floors: readonly Floor[];
  readonly contacts: ReadonlyMap<number, Contact>;
  /** The department and all above it. */
  readonly above: readonly string[];
}

async function readKnown(
  tx: Tx,
  vault: AccountVault,
  asked: {
    readonly addresses: readonly string[];
    readonly departmentId: string | null;
    readonly wished: MinimumTransport | undefined;
  },
): Promise<Known> {
  const { settings, holders } = await readMailPolicies(tx, asked.departmentId === null ? [] : [asked.departmentId]);
  const chain = asked.departmentId === null ? [] : chainAbove(holders, asked.departmentId);
  if (asked.departmentId !== null && chain.length === 0) throw new Problem('department.unknown');
  const { value, from } = decidePolicies(settings, chain).minimumTransport;
  const rules = await readRuleLevels(tx);
  const ofMessage: Floor[] = asked.wished === undefined ? [] : [{ level: asked.wished, from: 'message' }];
  const floors = asked.addresses.map((address) => {
    const rule = rules.get(vault.index(ruleIndex, domainOf(address)).toString('hex'));
    const ofRule: Floor[] = rule === undefined ? [] : [{ level: rule, from: 'domain_rule' }];
    return strictestFloor({ level: value, from: from === null ? 'account' : 'department' }, ...ofRule, ...ofMessage);
  });
  const indexes = asked.addresses.map((address) => vault.index('address', comparableAddress(address)));
  const contacts = await readLastContacts(tx, indexes);
  return {
    floors,
    above: chain.map(({ id }) => id),
    contacts: new Map(contacts.flatMap((contact) => contactOf(vault, contact))),
  };
}

function contactOf(vault: AccountVault, { place, host, tls, ...sealed }: LastContact): [number, Contact][] {
  const message = sealed.keySealed === null ? null : vault.openMessageKey(sealed.keySealed);
  const name = openEvidence({ account: vault, message }, sealed.evidenceSealed)?.host ?? host;
  return name === null ? [] : [[place, { host: name, tls }]];
}

/** Some at a time, and together no longer than a person waits. */
async function waysTo(
  router: Pick<Router, 'wayTo'>,
  choices: ReadonlyMap<string, ChosenRoute<MailRoute>>,
): Promise<ReadonlyMap<string, Way>> {
  const found = new Map<string, Way>();
  const waiting = [...choices];
  const look = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
      found.set(next[0], await router.wayTo(next[0], next[1].route));
  };
  const late = new Promise<void>((resolve) => setTimeout(resolve, lookMs).unref());
  await Promise.race([Promise.all(Array.from({ length: lookedUpAtOnce }, look)), late]);
  waiting.length = 0;
  return found;
}
