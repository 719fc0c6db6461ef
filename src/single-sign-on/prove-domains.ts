/**
 * Looks in the DNS whether the domains of connections are the account's own, and keeps what was seen. A domain counts once
 * its record was seen, for one account at a time; one that is no longer seen warns first, and ends a week later.
 */
import { accountVault, raiseAlert } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import type { SignOnDomain } from '../contract/single-sign-on.ts';
import {
  afterLook,
  type DomainNews,
  type DomainSight,
  endOfWarning,
  isLookDue,
  proofRecordName,
  proofRecordText,
  sightOf,
} from '../core/access/domain-proof.ts';
import type { Tx } from '../platform/database.ts';
import type { Found, LookUp } from '../platform/look-up.ts';
import type { Actor } from '../platform/route.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { domainLookup } from './find-connection.ts';
import { openConnection } from './open-connection.ts';
import { requireOfAll } from './require-sign-on.ts';
import { keepStanding, listConnectionRows, listDomainRows, lockConnections, type StoredDomain } from './store.ts';

export interface ProvingNeeds extends Pick<World, 'db' | 'vault' | 'clock'> {
  readonly dns: Pick<LookUp, 'texts'>;
}

interface Looker {
  readonly accountId: string;
  readonly actor: Actor;
}

interface LookedAt {
  readonly lookup: Buffer;
  readonly connectionId: string;
  readonly seen: DomainSight;
  readonly domain: string;
  /** What stands there, where it is not the record. */
  readonly found: readonly string[];
}

const atOnce = 10;
const [mostShown, longestShown] = [5, 200];

/** The same for one domain of an account whenever it is added, so that a record once published stays good. */
const wantedText = (vault: AccountVault, domain: string): string =>
  proofRecordText(vault.index('sign-on.domain-proof', domain).toString('hex'));

export function describeDomain(vault: AccountVault, domain: string, row: StoredDomain | undefined): SignOnDomain {
  const { provedAt = null, lostAt = null, checkedAt = null, lastSeen = null } = row ?? {};
  return {
    domain,
    state: provedAt === null ? 'unproved' : lostAt === null ? 'proved' : 'missed',
    record: { name: proofRecordName(domain), type: 'TXT', value: wantedText(vault, domain) },
    lastSeen,
    checkedAt: checkedAt?.toISOString() ?? null,
    provedAt: provedAt?.toISOString() ?? null,
    endsAt: lostAt === null ? null : endOfWarning(lostAt).toISOString(),
  };
}

/** Of one connection, now. Gives what was found beside the record that is wanted. */
export async function lookAtConnection(
  needs: ProvingNeeds,
  looker: Looker,
  connectionId: string,
): Promise<(SignOnDomain & { found: string[] })[]> {
  const vault = await accountVault(needs, looker.accountId);
  const rows = await readDomains(needs, looker, vault);
  if (rows === undefined || !rows.ids.includes(connectionId)) throw new Problem('sso.not_found');
  const looked = await lookAll(
    needs,
    vault,
    rows.domains.filter((one) => one.connectionId === connectionId),
  );
  const after = await keepLooks(needs, looker, vault, looked);
  return looked.map(({ domain, lookup, found }) => ({
    ...describeDomain(
      vault,
      domain,
      after.find((row) => row.lookup.equals(lookup)),
    ),
    found: [...found],
  }));
}

/** All of an account that are due. */
export async function lookAtDueDomains(needs: ProvingNeeds, looker: Looker): Promise<void> {
  const stored = await needs.db.readAccount(looker.accountId, listDomainRows);
  const now = needs.clock.now();
  const due = stored.filter((row) => isLookDue(row, now));
  if (due.length === 0) return;
  const vault = await accountVault(needs, looker.accountId);
  const known = await readDomains(needs, looker, vault);
  const looked = (known?.domains ?? []).filter(({ lookup }) => due.some((row) => row.lookup.equals(lookup)));
  await keepLooks(needs, looker, vault, await lookAll(needs, vault, looked));
}

type Named = Pick<LookedAt, 'lookup' | 'connectionId' | 'domain'>;

async function readDomains(needs: ProvingNeeds, { accountId }: Looker, vault: AccountVault) {
  const rows = await needs.db.readAccount(accountId, listConnectionRows);
  const domains: Named[] = rows.flatMap((row) =>
    openConnection(vault, row).domains.map((domain) => ({
      ...{ domain, connectionId: row.id },
      lookup: domainLookup(needs.vault, domain),
    })),
  );
  return { ids: rows.map(({ id }) => id), domains };
}

async function lookAll(needs: ProvingNeeds, vault: AccountVault, named: readonly Named[]): Promise<LookedAt[]> {
  const looked: LookedAt[] = [];
  for (let at = 0; at < named.length; at += atOnce)
    looked.push(...(await Promise.all(named.slice(at, at + atOnce).map((one) => look(needs, vault, one)))));
  return looked;
}

async function look({ dns }: ProvingNeeds, vault: AccountVault, one: Named): Promise<LookedAt> {
  const found: Found<string> = await dns.texts(proofRecordName(one.domain));
  const wanted = wantedText(vault, one.domain);
  const others = found.kind === 'found' ? found.records.filter((text) => text.trim() !== wanted) : [];
  return {
    ...one,
    seen: sightOf(found, wanted),
    found: others.slice(0, mostShown).map((text) => text.slice(0, longestShown)),
  };
}

async function keepLooks(
  needs: ProvingNeeds,
  { accountId, actor }: Looker,
  vault: AccountVault,
  looked: readonly LookedAt[],
): Promise<StoredDomain[]> {
  const at = needs.clock.now();
  return needs.db.asAccount(accountId, async (tx) => {
    await lockConnections(tx);
    const before = await listDomainRows(tx);
    const news: DomainNews[] = [];
    for (const one of looked) {
      const row = before.find(
        ({ lookup, connectionId }) => lookup.equals(one.lookup) && connectionId === one.connectionId,
      );
      if (row === undefined) continue; // taken away meanwhile
      const told = await keepLook(tx, row, one.seen, at);
      if (told !== null) news.push(told);
      if (told === 'missed' || told === 'over')
        await raiseAlert(tx, { at, what: 'sso_domain_lost', userId: null, detail: { connectionId: row.connectionId } });
    }
    // Also without news: what was required before domains were proved must not go on keeping people out.
    if (looked.length > 0) await requireOfAll(tx, needs.vault, vault);
    if (news.length > 0 || actor.kind !== 'system') await note(tx, actor, at, looked.length, news);
    return listDomainRows(tx);
  });
}

/** Another account may have shown the same meanwhile: then it is theirs. */
async function keepLook(tx: Tx, row: StoredDomain, seen: DomainSight, at: Date): Promise<DomainNews | null> {
  const { standing, news } = afterLook(row, seen, at);
  if (await keepStanding(tx, row.lookup, standing)) return news;
  await keepStanding(tx, row.lookup, afterLook(row, 'claimed', at).standing);
  return null;
}

function note(tx: Tx, actor: Actor, at: Date, domains: number, news: readonly DomainNews[]): Promise<void> {
  const count = (what: DomainNews): number => news.filter((one) => one === what).length;
  const detail = {
    domains,
    proved: count('proved') + count('seen_again'),
    missed: count('missed'),
    over: count('over'),
  };
  return record(tx, { at, actor, action: 'sso_domains.checked', object: { kind: 'sso-connection' }, detail });
}
