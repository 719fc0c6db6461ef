/** Tells whether mail of a sender domain from this server would pass, and why. It sends nothing and changes nothing. */
import { readSettings } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import type { SenderCheck } from '../contract/senders.ts';
import { type AlignmentFacts, alignedSpfOf, bulkRules, dkimOf, dmarcOf } from '../core/senders/bulk-rules.ts';
import { faultOfDkimRecords } from '../core/senders/dkim-record.ts';
import type { LookUp } from '../platform/look-up.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { load } from './change-senders.ts';
import { type DomainView, lookAtDomain, spfSentence } from './look-at-domain.ts';
import { hereOf, planOf } from './sender.ts';
import type { KeyRow } from './store.ts';
import type { LookingNeeds } from './verify-sender.ts';

export interface CheckNeeds extends LookingNeeds {
  /** Undefined: not set, so links lead to this machine. */
  readonly trackingUrl: string | undefined;
}

export async function checkSender(world: World, needs: CheckNeeds, caller: Caller, text: string): Promise<SenderCheck> {
  const now = world.clock.now();
  const { row, keys, settings } = await world.db.asAccount(caller.accountId, async (tx) => {
    const loaded = await load(tx, text);
    const object = { kind: 'sender-domain', id: loaded.row.id } as const;
    await record(tx, { at: now, actor: caller.actor, action: 'sender_domain.checked', object, detail: {} });
    return { ...loaded, settings: await readSettings(tx) };
  });
  const here = await hereOf(needs);
  const view = await lookAtDomain(needs.dns, planOf(row, keys, here));
  const signing = row.verifiedAt === null ? [] : keys.filter((key) => key.seenAt !== null && key.retiredAt === null);
  const names = await Promise.all(
    here.addresses.map(async (address) => ({ address, name: await confirmedName(needs.dns, address) })),
  );
  const facts: AlignmentFacts = {
    domain: row.domain,
    organisation: view.dmarc.organisation,
    dmarc: view.dmarc.record,
    dmarcDomain: view.dmarc.recordDomain,
    dmarcFault: view.dmarc.fault,
    envelope: { domain: view.envelope.domain, organisation: view.envelope.organisation },
    spf: view.envelope.spf.map(({ address, verdict }) => ({
      ...{ address, result: verdict.result },
      why: spfSentence(address, verdict) ?? 'It passes.',
    })),
    isDkimSigning: signing.length > 0,
    brokenKeys: brokenKeys(signing, view),
    names,
    oneClick: { isAdded: settings.oneClickUnsubscribe, trackingUrl: needs.trackingUrl },
  };
  return answerOf(facts, view, now);
}

function answerOf(facts: AlignmentFacts, view: DomainView, at: Date): SenderCheck {
  const [spf, dkim, dmarc] = [alignedSpfOf(facts), dkimOf(facts), dmarcOf(facts)];
  return {
    domain: facts.domain,
    checkedAt: at.toISOString(),
    spf: {
      aligned: spf.ok,
      why: spf.why,
      results: facts.spf.map((one, place) => ({ ...one, lookups: view.envelope.spf[place]?.verdict.lookups ?? 0 })),
    },
    dkim: { aligned: dkim.ok, why: dkim.why },
    dmarc: { policy: dmarc.policy, organisation: facts.organisation, passes: dmarc.ok, why: dmarc.why },
    bulk: bulkRules(facts),
  };
}

/** Null: the DNS gave no answer about one. */
function brokenKeys(signing: readonly KeyRow[], { seen }: DomainView): string[] | null {
  const broken: string[] = [];
  for (const key of signing) {
    const found = seen.keys.get(key.selector) ?? null;
    if (found === null) return null;
    if (faultOfDkimRecords(key, found) !== null) broken.push(key.selector);
  }
  return broken;
}

/** RFC 8601 §3, "iprev": the name that an address has, where the name has the address too. Undefined: no answer. */
async function confirmedName(dns: LookUp, address: string): Promise<string | null | undefined> {
  const names = await dns.names(address);
  if (names.kind === 'failed') return undefined;
  for (const name of names.kind === 'none' ? [] : names.records) {
    const back = await dns.addresses(name, address.includes(':') ? 6 : 4);
    if (back.kind === 'failed') return undefined;
    if (back.kind === 'found' && back.records.includes(address)) return name;
  }
  return null;
}
