/**
 * Stores one batch of the journal: whose hits they are, what they are judged to be, and the journal's new position, in one
 * transaction. Whatever is stored, its position moved; whatever is not, it did not.
 */
import { accountVault, readSettings } from '../accounts/index.ts';
import { dayOf } from '../core/report/days.ts';
import { type KnownHabits, prepareHabits } from '../habits/index.ts';
import { factsAlone, type NetworksInUse } from '../networks/index.ts';
import { sql, type Tx, type WorkerTx } from '../platform/database.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { evidenceSources } from './gather-evidence.ts';
import { isHit, type JournalEntry, type JournaledUnsubscription } from './hit.ts';
import type { JournalPosition } from './journal-segments.ts';
import {
  type CampaignHit,
  type CopyHit,
  type JudgedAccount,
  type JudgingSettings,
  type StoredHits,
  storeAccountHits,
} from './judge-hits.ts';
import { makeNextRequestKey, makeRequestKeys, RequestKeyMissing, requestSealer } from './seal-requests.ts';
import { findAccounts, findHandleOwners, movePosition } from './store.ts';
import { storeUnsubscriptions } from './store-unsubscriptions.ts';

export interface JournalStep {
  readonly journalId: string;
  readonly from: JournalPosition;
  readonly to: JournalPosition;
}

/** Another drain has read on from where this batch began. */
export class PositionMoved extends Error {}

/** Sets hits aside durably before the transaction that skips them commits. */
export type Quarantine = (hits: readonly JournalEntry[]) => Promise<void>;

export interface BatchWorld extends Pick<World, 'db' | 'vault' | 'clock'> {
  /** Default: the facts that come with the ruleset. */
  readonly networks?: NetworksInUse | undefined;
}

const nothing: StoredHits = { unattributed: 0, revised: 0, judgedAlone: 0 };

export async function storeBatch(
  world: BatchWorld,
  step: JournalStep,
  hits: readonly JournalEntry[],
): Promise<StoredHits> {
  const batch = await prepare(world, hits);
  return withRequestKeys(world, batch.owned, () =>
    world.db.asWorker(async (tx) => {
      await claim(tx, step, world);
      return storeOwned(world, tx, batch);
    }),
  );
}

/**
 * The same for a batch that could not be stored whole: halves it until what is wrong stands alone, sets that aside and
 * stores the rest. `isPassing` tells errors that are nobody's fault and end the attempt.
 */
export async function storeAllButPoison(
  world: BatchWorld,
  step: JournalStep,
  hits: readonly JournalEntry[],
  isPassing: (error: unknown) => boolean,
  quarantine: Quarantine,
): Promise<{ stored: StoredHits; poisoned: number }> {
  const batch = await prepare(world, hits);
  return withRequestKeys(world, batch.owned, () =>
    world.db.asWorker(async (tx) => {
      await claim(tx, step, world);
      const poison: OwnedHit[] = [];
      const stored = await storeHalves(world, tx, batch, poison, isPassing);
      if (poison.length > 0) await quarantine(poison.map((one) => one.hit));
      return { stored, poisoned: poison.length };
    }),
  );
}

/** Another process may destroy a key, or an account change its mind, between making and using it. */
const mostKeyMakings = 3;

/** The first hits of an account's day find no key: those are made first, and the transaction begins again. */
async function withRequestKeys<T>(world: BatchWorld, owned: readonly OwnedHit[], store: () => Promise<T>): Promise<T> {
  for (let makings = 0; ; makings++) {
    try {
      const stored = await store();
      for (const [account] of byAccount(owned)) await makeNextRequestKey(world, account);
      return stored;
    } catch (error) {
      if (!(error instanceof RequestKeyMissing) || makings === mostKeyMakings) throw error;
    }
    for (const [account, own] of byAccount(owned))
      await makeRequestKeys(world, account, own.map((one) => one.hit).filter(isHit));
  }
}

async function storeHalves(
  world: BatchWorld,
  tx: WorkerTx,
  batch: PreparedBatch,
  poison: OwnedHit[],
  isPassing: (error: unknown) => boolean,
): Promise<StoredHits> {
  await tx.query(sql`SAVEPOINT half`);
  try {
    const stored = await storeOwned(world, tx, batch);
    await tx.query(sql`RELEASE SAVEPOINT half`);
    return stored;
  } catch (error) {
    if (error instanceof RequestKeyMissing || isPassing(error)) throw error;
    await tx.query(sql`ROLLBACK TO SAVEPOINT half`);
  }
  const { owned } = batch;
  if (owned.length <= 1) {
    poison.push(...owned);
    return nothing;
  }
  const middle = owned.length >> 1;
  const half = (own: readonly OwnedHit[]) => storeHalves(world, tx, { ...batch, owned: own }, poison, isPassing);
  const first = await half(owned.slice(0, middle));
  return sum(first, await half(owned.slice(middle)));
}

async function claim(tx: WorkerTx, step: JournalStep, { clock }: BatchWorld): Promise<void> {
  if (!(await movePosition(tx, step.journalId, step.from, step.to, clock.now()))) throw new PositionMoved();
}

/** An account's keys, and what its evidence is gathered from. */
type OpenedAccount = Omit<JudgedAccount, 'settings' | 'preparedHabits'> & { readonly vault: AccountVault };

type Owner =
  | { readonly kind: 'copy'; readonly messageId: string; readonly recipientId: string }
  | { readonly kind: 'campaign'; readonly campaignId: number };

interface OwnedHit {
  readonly hit: JournalEntry;
  /** Null: it leads to nobody. */
  readonly owner: (Owner & { readonly account: OpenedAccount }) | null;
}

/** Everything that can be looked up before the transaction locks anybody. */
interface PreparedBatch {
  readonly owned: readonly OwnedHit[];
  /** By account. */
  readonly habits: ReadonlyMap<string, KnownHabits>;
}

async function prepare(world: BatchWorld, hits: readonly JournalEntry[]): Promise<PreparedBatch> {
  const owned = await attribute(world, hits);
  const accounts = owned.flatMap(({ owner }) => (owner?.kind === 'copy' ? [owner.account.accountId] : []));
  return { owned, habits: await prepareHabits(world, new Set(accounts)) };
}

async function attribute(world: BatchWorld, hits: readonly JournalEntry[]): Promise<OwnedHit[]> {
  const handles = hits.flatMap(({ subject }) => (subject.kind === 'derived' ? [subject.handle] : []));
  const owners = await findHandleOwners(world.db, [...new Set(handles)]);
  const claims = hits.map((hit) => claimed(hit, owners));
  const accounts = await openAccounts(world, new Set(claims.flatMap((one) => one?.accountId ?? [])));
  // Messages' keys may be under a wrapping key made since: asking for an account's vault tells it of those.
  const concerned = new Set(claims.flatMap((one) => one?.accountId ?? []));
  for (const accountId of concerned) if (accounts.has(accountId)) await accountVault(world, accountId);
  return hits.map((hit, place) => {
    const found = claims[place];
    const account = found && accounts.get(found.accountId);
    return { hit, owner: found && account ? { ...found, account } : null };
  });
}

type HandleOwners = Awaited<ReturnType<typeof findHandleOwners>>;

function claimed({ subject }: JournalEntry, owners: HandleOwners): (Owner & { readonly accountId: string }) | null {
  switch (subject.kind) {
    case 'recipient': {
      const { accountId, messageId, recipientId } = subject;
      return { kind: 'copy', accountId, messageId, recipientId };
    }
    case 'anonymous':
      return { kind: 'campaign', accountId: subject.accountId, campaignId: subject.campaignId };
    case 'derived': {
      const owner = owners.get(subject.handle) ?? subject.claim;
      return owner === null ? null : { kind: 'copy', ...owner };
    }
    case 'unknown':
      return null;
  }
}

const opened = new WeakMap<World['vault'], Map<string, OpenedAccount>>();

/** Accounts that exist. Their own keys never change, so each is opened once. */
async function openAccounts(world: BatchWorld, ids: ReadonlySet<string>): Promise<ReadonlyMap<string, OpenedAccount>> {
  const known = opened.get(world.vault) ?? new Map<string, OpenedAccount>();
  opened.set(world.vault, known);
  const strangers = [...ids].filter((id) => !known.has(id));
  if (strangers.length === 0) return known;
  for (const accountId of await findAccounts(world.db, strangers)) {
    const vault = await accountVault(world, accountId);
    known.set(accountId, { accountId, vault, ...evidenceSources(vault) });
  }
  return known;
}

/** In the order of accounts: two drains that make the same things in two accounts must not wait for each other. */
async function storeOwned(world: BatchWorld, tx: WorkerTx, { owned, habits }: PreparedBatch): Promise<StoredHits> {
  const ownerless = owned.filter((one) => one.owner === null).length;
  let stored: StoredHits = { ...nothing, unattributed: ownerless };
  for (const [opened, own] of byAccount(owned)) {
    const account = { ...opened, preparedHabits: habits.get(opened.accountId) };
    stored = sum(
      stored,
      await tx.inAccount(account.accountId, (inside) => storeOfAccount(world, inside, account, own)),
    );
  }
  return stored;
}

function byAccount(owned: readonly OwnedHit[]): [account: OpenedAccount, own: OwnedHit[]][] {
  const grouped = Map.groupBy(owned, (one) => one.owner?.account);
  return [...grouped]
    .flatMap(([account, own]): [OpenedAccount, OwnedHit[]][] => (account === undefined ? [] : [[account, own]]))
    .sort(([one], [other]) => (one.accountId < other.accountId ? -1 : 1));
}

async function storeOfAccount(
  world: BatchWorld,
  tx: Tx,
  account: OpenedAccount & Pick<JudgedAccount, 'preparedHabits'>,
  own: readonly OwnedHit[],
): Promise<StoredHits> {
  const copyHits: CopyHit[] = [];
  const campaignHits: Omit<CampaignHit, 'day'>[] = [];
  const unsubscriptions: JournaledUnsubscription[] = [];
  for (const { hit, owner } of own) {
    if (!isHit(hit)) unsubscriptions.push(hit);
    else if (owner?.kind === 'copy') copyHits.push({ hit, messageId: owner.messageId, recipientId: owner.recipientId });
    else if (owner?.kind === 'campaign') campaignHits.push({ hit, campaignId: owner.campaignId });
  }
  const settings: JudgingSettings & { timeZone: string } = await readSettings(tx);
  const networks = (world.networks ?? factsAlone).current();
  const counted = campaignHits.map((one) => ({ ...one, day: dayOf(settings.timeZone, new Date(one.hit.atMs)) }));
  const now = world.clock.now();
  const unknown = await storeUnsubscriptions(tx, account, unsubscriptions);
  const copies = copyHits.map((one) => one.hit);
  const sealRequest = await requestSealer(tx, account, settings.keepRequestDays, copies, now);
  const stored = await storeAccountHits(tx, { ...account, networks, settings, sealRequest }, copyHits, counted, now);
  return { ...stored, unattributed: stored.unattributed + unknown };
}

const sum = (one: StoredHits, other: StoredHits): StoredHits => ({
  unattributed: one.unattributed + other.unattributed,
  revised: one.revised + other.revised,
  judgedAlone: one.judgedAlone + other.judgedAlone,
});
