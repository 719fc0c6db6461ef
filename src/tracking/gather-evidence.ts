/**
 * Turns what the journal kept of a hit, and what is known of the copy it is about, into the judge's evidence. Addresses
 * and agents become keyed hashes here; nothing is looked up and nothing decided.
 */
import { hash } from 'node:crypto';
import { builtInNetworks, type Evidence, gatherEvidence, type KeyOf, type Networks } from '@waxwing/verdict';
import type { LockedRecipient } from '../events/index.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { JournaledHit } from './hit.ts';

/** What of a copy bears on its hits. */
export interface CopyUnderTest {
  readonly recipient: Pick<LockedRecipient, 'deliveredAt' | 'deliveredVia' | 'gatewayMx'>;
  readonly linkCount: number;
}

export interface EvidenceSources {
  readonly networks: Networks;
  readonly keyOf: KeyOf;
  /** One key for an address and agent together, by which hits of one source over many recipients are found. 16 bytes. */
  readonly sourceKeyOf: (ip: string, userAgent: string) => Buffer;
}

/**
 * Sources are named by a hash behind a secret of the account's: SHA-256 over a secret of fixed length, cut to half, is a
 * keyed hash, and costs half of an HMAC. There are three to make for every hit.
 */
export function evidenceSources(
  vault: Pick<AccountVault, 'index'>,
  networks: Networks = builtInNetworks,
): EvidenceSources {
  const secret = vault.index('source', 'secret').toString('hex');
  const keyed = (kind: string, text: string): Buffer =>
    hash('sha256', `${secret}${kind}${text}`, 'buffer').subarray(0, 16);
  return {
    networks,
    keyOf: remembered((text) => keyed('k', text).toString('base64url')),
    sourceKeyOf: (ip, userAgent) => keyed('s', `${ip}\0${userAgent}`),
  };
}

/** Without a copy (an anonymous hit) only the request itself speaks. */
export function evidenceOf(hit: JournaledHit, copy: CopyUnderTest | undefined, sources: EvidenceSources): Evidence {
  const { networks, keyOf } = sources;
  const { deliveredAt, deliveredVia, gatewayMx } = copy?.recipient ?? nowhere;
  const observation = {
    id: hit.id,
    kind: hit.kind,
    at: hit.atMs,
    method: hit.method,
    headers: hit.headers,
    token: hit.token,
    providerSays: hit.providerSays,
    honeypot: hit.isHoneypot,
    oneClick: false, // unsubscribe links are never rewritten, so no POST to a tracking URL is RFC 8058's
    ip: hit.ip ?? undefined,
    userAgent: hit.userAgent ?? undefined,
    https: hit.isHttps ? true : undefined,
    link: hit.linkIndex ?? undefined,
    linkCount: copy?.linkCount,
    deliveredAt: deliveredAt?.getTime(),
    deliveredVia: deliveredVia ?? undefined,
    mx: gatewayMx ?? undefined,
  };
  return gatherEvidence(observation, networks, keyOf);
}

/** Earlier evidence as it reads now: the delivery is often known only after the first hits. */
export function withDelivery(evidence: Evidence, { recipient }: Pick<CopyUnderTest, 'recipient'>): Evidence {
  if (recipient.deliveredAt === null || evidence.atMs === undefined) return evidence;
  const { deliveredAt, deliveredVia, gatewayMx } = recipient;
  const { sinceDeliveryMs, isRelayed, gateway } = gatherEvidence(
    {
      kind: evidence.kind,
      at: evidence.atMs,
      deliveredAt: deliveredAt.getTime(),
      deliveredVia: deliveredVia ?? undefined,
      mx: gatewayMx ?? undefined,
    },
    builtInNetworks,
    () => '',
  );
  return {
    ...evidence,
    isRelayed,
    ...(sinceDeliveryMs === undefined ? {} : { sinceDeliveryMs }),
    ...(gateway === undefined ? {} : { gateway }),
  };
}

const nowhere: CopyUnderTest['recipient'] = { deliveredAt: null, deliveredVia: null, gatewayMx: null };

/** Agents and addresses come again and again; a keyed hash costs microseconds each time. */
function remembered(keyOf: KeyOf): KeyOf {
  const known = new Map<string, string>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    if (known.size >= 20_000) known.clear();
    const made = keyOf(text);
    known.set(text, made);
    return made;
  };
}
