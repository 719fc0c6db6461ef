/**
 * Gives waiting audit entries their place in the chain and signs where it ends. A chain whose signed end does not fit is
 * never continued: it was tampered with, and that is said loudly.
 */
import {
  type ChainedEntry,
  type Checkpoint,
  type CheckpointClaim,
  chainEntry,
  genesisHash,
} from '../core/audit/chain.ts';
import { type Database, DatabaseUnavailable, type Tx, type WorkerTx } from '../platform/database.ts';
import type { InstallationSigner } from '../platform/signing.ts';
import type { Clock } from '../platform/world.ts';
import {
  accountsWaiting,
  type ChainHead,
  insertCheckpoint,
  insertLinks,
  listWaiting,
  lockChain,
  readEntries,
  readHead,
  readLinkHash,
} from './chain-store.ts';
import { isCheckpointOf, signCheckpoint } from './signing.ts';

/** The stored chain is not the one that was signed. Somebody changed the database by other ways than the program. */
export class ChainBroken extends Error {
  readonly accountId: string;

  constructor(accountId: string) {
    super('the audit chain does not fit its signed checkpoint');
    this.accountId = accountId;
  }
}

export interface SealingNeeds {
  readonly db: Pick<Database, 'asWorker'>;
  readonly clock: Clock;
  readonly signer: InstallationSigner;
  /** What this process sealed last of each account: whoever rolls the tables back to an earlier signed end is found by it. */
  readonly sealedEnds?: Map<string, ChainEnd>;
}

type ChainEnd = Pick<CheckpointClaim, 'seq' | 'hash'>;

const entriesPerTurn = 2_000;
const accountsPerTurn = 200;

export interface Sealed {
  readonly sealed: number;
  /** Accounts whose chains do not fit their signed end. */
  readonly broken: readonly string[];
}

/** Seals what waits now, of every account. One that fails keeps no other waiting: its failure is thrown at the end. */
export async function sealWaiting(needs: SealingNeeds): Promise<Sealed> {
  const accounts = await needs.db.asWorker((tx) => accountsWaiting(tx, accountsPerTurn));
  let sealed = 0;
  const broken: string[] = [];
  const failures: unknown[] = [];
  for (const accountId of accounts) {
    try {
      sealed += await sealAccount(needs, accountId);
    } catch (error) {
      if (error instanceof DatabaseUnavailable) throw error;
      if (error instanceof ChainBroken) broken.push(accountId);
      else failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return { sealed, broken };
}

/** Throws ChainBroken; nothing is taken from the queue then. */
export async function sealAccount(needs: SealingNeeds, accountId: string): Promise<number> {
  let total = 0;
  for (;;) {
    const { sealed, end } = await needs.db.asWorker((tx) => sealSome(tx, needs, accountId));
    if (end !== undefined) needs.sealedEnds?.set(accountId, end);
    total += sealed;
    if (sealed < entriesPerTurn) return total;
  }
}

async function sealSome(
  tx: WorkerTx,
  needs: SealingNeeds,
  accountId: string,
): Promise<{ sealed: number; end?: ChainEnd }> {
  await lockChain(tx, accountId);
  const ids = await listWaiting(tx, accountId, entriesPerTurn);
  if (ids.length === 0) return { sealed: 0 };
  const end = await tx.inAccount(accountId, (inside) => extend(inside, needs, accountId, ids));
  return { sealed: ids.length, end };
}

async function extend(tx: Tx, needs: SealingNeeds, accountId: string, ids: readonly string[]): Promise<ChainEnd> {
  const head = await readHead(tx);
  if (head !== undefined && !isTrue(head, needs.signer)) throw new ChainBroken(accountId);
  const before = needs.sealedEnds?.get(accountId);
  if (before !== undefined && (await readLinkHash(tx, before.seq)) !== before.hash) throw new ChainBroken(accountId);
  const at = needs.clock.now().toISOString();
  let end: ChainEnd = head?.checkpoint ?? (await begin(tx, needs, accountId, at));
  const links: ChainedEntry[] = [];
  for (const body of await readEntries(tx, ids)) {
    const link = chainEntry(body, end.seq + 1, end.hash);
    links.push(link);
    end = link;
  }
  // One that waits and is not there was taken away by somebody else than the program.
  if (links.length !== ids.length) throw new ChainBroken(accountId);
  await insertLinks(tx, links);
  const { seq, hash } = end;
  await insertCheckpoint(tx, signCheckpoint(needs.signer, { account: accountId, seq, hash, at }));
  return { seq, hash };
}

async function begin(tx: Tx, { signer }: SealingNeeds, accountId: string, at: string): Promise<Checkpoint> {
  const first = signCheckpoint(signer, { account: accountId, seq: 0, hash: genesisHash(accountId), at });
  await insertCheckpoint(tx, first);
  return first;
}

function isTrue({ checkpoint, linkHash, isOvergrown }: ChainHead, signer: InstallationSigner): boolean {
  const isAtItsEnd = checkpoint.seq === 0 ? linkHash === null : linkHash === checkpoint.hash;
  return isAtItsEnd && !isOvergrown && isCheckpointOf(signer.publicKey, checkpoint);
}
