/**
 * Which policy (MTA-STS) holds for a recipient's domain: looked up and fetched when first needed, kept in the database
 * for all processes as long as it says, fetched anew before it ends. A fetch that fails never weakens a policy that is kept.
 */
import { createHmac } from 'node:crypto';
import QuickLru from 'quick-lru';
import { readStsRecord, type StsPolicy, type StsState } from '../core/delivery/mta-sts.ts';
import type { Dns } from '../platform/dns.ts';
import { fetchStsPolicy, type PolicySource } from '../platform/mta-sts.ts';
import { nullWhenBroken } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { claimDuePolicies, forgetOldPolicies, keepPolicy, readPolicy } from './sts-store.ts';

export interface StsPolicies {
  /** Rejects when the database cannot be asked: a policy that is kept there must not be passed over. */
  stateOf(domain: string): Promise<StsState>;
  /** Fetches anew what is due; true: there may be more. */
  refreshDue(stop: AbortSignal): Promise<boolean>;
}

export type StsOptions = Omit<PolicySource, 'addresses'>;

interface Kept {
  readonly domain: string;
  readonly id: string;
  readonly policy: StsPolicy;
  readonly expiresAt: string;
}

/** RFC 8461 §3.3: after a failure, not more often than every five minutes. */
const lookEveryMs = 300_000;
const maxRemembered = 50_000;
const dayMs = 86_400_000;
const claimForMs = 3_600_000;
const batch = 20;

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;

export function openStsPolicies(world: Needs, dns: Pick<Dns, 'texts' | 'addresses'>, options: StsOptions): StsPolicies {
  const remembered = new QuickLru<string, { readonly state: StsState; readonly untilMs: number }>({
    maxSize: maxRemembered,
  });
  const pending = new Map<string, Promise<StsState>>();
  const desk: Desk = { world, dns, source: { addresses: dns.addresses, ...options } };
  const look = async (domain: string): Promise<StsState> => {
    try {
      const state = await lookUp(desk, domain);
      remembered.set(domain, { state, untilMs: world.clock.now().getTime() + lookEveryMs });
      return state;
    } finally {
      pending.delete(domain);
    }
  };
  return {
    stateOf(domain) {
      const known = remembered.get(domain);
      if (known !== undefined && world.clock.now().getTime() < known.untilMs) return Promise.resolve(known.state);
      const running = pending.get(domain) ?? look(domain);
      pending.set(domain, running);
      return running;
    },
    refreshDue: (stop) => refreshDue(desk, stop),
  };
}

interface Desk {
  readonly world: Needs;
  readonly dns: Pick<Dns, 'texts'>;
  readonly source: PolicySource;
}

async function lookUp(desk: Desk, domain: string): Promise<StsState> {
  const kept = await readKept(desk, domain);
  const texts = await desk.dns.texts(`_mta-sts.${domain}`);
  const id = texts === null ? null : readStsRecord(texts);
  // RFC 8461 §3.1: a record that is gone or cannot be asked for ends no policy that is kept.
  if (kept !== null && (id === null || id === kept.id))
    return { kind: 'policy', policy: kept.policy, id: kept.id, fault: null };
  if (id === null) return { kind: 'none' };
  const fetched = await fetchStsPolicy(domain, desk.source);
  if (fetched.kind === 'policy') {
    await keep(desk, domain, id, fetched.policy);
    return { kind: 'policy', policy: fetched.policy, id, fault: null };
  }
  if (kept === null) return { kind: 'unknown', fault: fetched.fault };
  return { kind: 'policy', policy: kept.policy, id: kept.id, fault: fetched.fault };
}

async function refreshDue(desk: Desk, stop: AbortSignal): Promise<boolean> {
  const { db, clock } = desk.world;
  const now = clock.now();
  const due = await db.asWorker(async (tx) => {
    await forgetOldPolicies(tx, now, batch);
    return claimDuePolicies(tx, now, new Date(now.getTime() + claimForMs), batch);
  });
  for (const sealed of due) {
    if (stop.aborted) return false;
    const kept = openKept(desk, sealed);
    if (kept === null) continue;
    // The record first: if both change meanwhile, the next look finds an id that is not kept, and fetches again.
    const texts = await desk.dns.texts(`_mta-sts.${kept.domain}`);
    const fetched = await fetchStsPolicy(kept.domain, desk.source, stop);
    if (fetched.kind === 'fault') continue;
    await keep(desk, kept.domain, readStsRecord(texts ?? []) ?? kept.id, fetched.policy);
  }
  return due.length === batch;
}

const purpose = 'transport.policy';
const use = 'mta-sts';

const indexOf = ({ world }: Desk, domain: string): Buffer =>
  createHmac('sha256', world.vault.derive(use)).update(domain).digest();

async function readKept(desk: Desk, domain: string): Promise<Kept | null> {
  const sealed = await desk.world.db.asWorker((tx) => readPolicy(tx, indexOf(desk, domain)));
  const kept = sealed === undefined ? null : openKept(desk, sealed);
  return kept !== null && desk.world.clock.now() < new Date(kept.expiresAt) ? kept : null;
}

function openKept({ world }: Desk, sealed: Buffer): Kept | null {
  try {
    return JSON.parse(world.vault.sealer(use).open(purpose, sealed).toString()) as Kept;
  } catch (error) {
    return nullWhenBroken(error); // under a key that is gone: as if it had never been fetched
  }
}

async function keep(desk: Desk, domain: string, id: string, policy: StsPolicy): Promise<void> {
  const { db, vault, clock } = desk.world;
  const fetchedAt = clock.now();
  const ageMs = policy.maxAgeSeconds * 1_000;
  const expiresAt = new Date(fetchedAt.getTime() + ageMs);
  const kept: Kept = { domain, id, policy, expiresAt: expiresAt.toISOString() };
  const row = {
    domainIndex: indexOf(desk, domain),
    policy: vault.sealer(use).seal(purpose, JSON.stringify(kept)),
    // RFC 8461 §3.3: well before it ends, and about daily.
    ...{ fetchedAt, expiresAt, refreshAt: new Date(fetchedAt.getTime() + Math.min(dayMs, ageMs / 2)) },
  };
  await db.asWorker((tx) => keepPolicy(tx, row));
}
