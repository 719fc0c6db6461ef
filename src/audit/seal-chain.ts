/**
 * Gives waiting audit entries their place in the chain and signs where it ends. A chain whose signed end does not fit is
 * never continued: it was tampered with, and that is said loudly.
 */
import { type ChainedEntry, type CheckpointClaim, chainEntry, genesisHash } from '../core/audit/chain.ts';
import type { Database, WorkerTx } from '../platform/database.ts';
import type { InstallationSigner } from '../platform/signing.ts';
import type { Clock } from '../platform/world.ts';
import {
  accountsWaiting,
  type ChainHead,
  insertCheckpoint,
  insertLinks,
  lockChain,
  readHead,
  takeWaiting,
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
}

const entriesPerTurn = 2_000;
const accountsPerTurn = 200;

/** Seals what waits now, of every account. Gives how many entries were sealed and whose chains are broken. */
export async function sealWaiting(needs: SealingNeeds): Promise<{ sealed: number; broken: string[] }> {
  const accounts = await needs.db.asWorker((tx) => accountsWaiting(tx, accountsPerTurn));
  let sealed = 0;
  const broken: string[] = [];
  for (const accountId of accounts) {
    try {
      sealed += await sealAccount(needs, accountId);
    } catch (error) {
      if (!(error instanceof ChainBroken)) throw error;
      broken.push(accountId);
    }
  }
  return { sealed, broken };
}

/** Throws ChainBroken; nothing is taken from the queue then. */
export async function sealAccount(needs: SealingNeeds, accountId: string): Promise<number> {
  let total = 0;
  for (;;) {
    const sealed = await needs.db.asWorker((tx) => sealSome(tx, needs, accountId));
    total += sealed;
    if (sealed < entriesPerTurn) return total;
  }
}

async function sealSome(tx: WorkerTx, needs: SealingNeeds, accountId: string): Promise<number> {
  await lockChain(tx, accountId);
  const head = await readHead(tx, accountId);
  if (head !== undefined && !isTrue(head, needs.signer)) throw new ChainBroken(accountId);
  const bodies = await takeWaiting(tx, accountId, entriesPerTurn);
  if (bodies.length === 0) return 0;
  const at = needs.clock.now().toISOString();
  const start = head?.checkpoint ?? (await begin(tx, needs, accountId, at));
  const links: ChainedEntry[] = [];
  let end: Pick<CheckpointClaim, 'seq' | 'hash'> = start;
  for (const body of bodies) {
    const link = chainEntry(body, end.seq + 1, end.hash);
    links.push(link);
    end = link;
  }
  await insertLinks(tx, accountId, links);
  await insertCheckpoint(tx, signCheckpoint(needs.signer, { account: accountId, seq: end.seq, hash: end.hash, at }));
  return links.length;
}

async function begin(tx: WorkerTx, { signer }: SealingNeeds, accountId: string, at: string) {
  const first = signCheckpoint(signer, { account: accountId, seq: 0, hash: genesisHash(accountId), at });
  await insertCheckpoint(tx, first);
  return first;
}

function isTrue({ checkpoint, linkHash, isOvergrown }: ChainHead, signer: InstallationSigner): boolean {
  const isAtItsEnd = checkpoint.seq === 0 ? linkHash === null : linkHash === checkpoint.hash;
  return isAtItsEnd && !isOvergrown && isCheckpointOf(signer.publicKey, checkpoint);
}
