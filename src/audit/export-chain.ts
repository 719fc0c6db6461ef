/** Exports a slice of an account's audit chain between two stored checkpoints. It signs nothing: what was signed was signed when it was sealed. */
import { Readable } from 'node:stream';
import { Problem } from '../contract/problem.ts';
import { type ChainedEntry, type Checkpoint, lineOf } from '../core/audit/chain.ts';
import type { Caller } from '../platform/route.ts';
import { type InstallationSigner, installationSigner } from '../platform/signing.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { enclosingCheckpoints, readLinks, type StoredLink, seqRange } from './chain-store.ts';
import type { Directory } from './directory.ts';
import { type RangeQuery, rangeOf } from './range.ts';
import { record } from './record.ts';
import { ChainBroken, sealAccount } from './seal-chain.ts';
import { openAddress } from './sealed-address.ts';
import { signLoss } from './signing.ts';

type Needs = Pick<World, 'db' | 'vault' | 'clock' | 'log'> & Pick<Directory, 'vaultOf'>;

const entriesPerPage = 1_000;

/** JSON lines. The export itself is an entry of the log, and the last one of a range without end. */
export async function exportChain(world: Needs, caller: Caller, query: RangeQuery): Promise<Readable> {
  const { since, until } = rangeOf(query);
  await world.db.asAccount(caller.accountId, (tx) =>
    record(tx, {
      at: world.clock.now(),
      actor: caller.actor,
      action: 'audit.exported',
      object: { kind: 'audit-log' },
      detail: { since: since?.toISOString() ?? null, until: until?.toISOString() ?? null },
    }),
  );
  await sealIfSound(world, caller.accountId);
  const slice = await sliceOf(world, caller.accountId, since, until);
  const vault = await world.vaultOf(caller.accountId);
  const show = opener(vault, installationSigner(world.vault), world.clock.now());
  return Readable.from(linesOf(world, caller.accountId, slice, show));
}

type Show = (link: StoredLink) => ChainedEntry;

/** With the address from which somebody acted, or our signed word that nobody can read it any more. */
const opener =
  (vault: AccountVault, signer: InstallationSigner, at: Date): Show =>
  ({ entry, address }) => {
    if (address === null || entry.address == null) return entry;
    const opened = openAddress(vault, address);
    const shown = opened ?? { lost: signLoss(signer, entry.hash, at) };
    return { ...entry, address: { ...entry.address, ...shown } };
  };

/** Everything that is sealed of an account's chain, as it stands and with no address opened, for `verifyStored`. Undefined: nothing is. Throws `audit.chain_broken`. */
export async function storedChain(world: Pick<World, 'db'>, accountId: string): Promise<Readable | undefined> {
  const range = await world.db.readAccount(accountId, (tx) => seqRange(tx, null, null));
  if (range === undefined) return undefined;
  const slice = await sliceOf(world, accountId, null, null);
  return Readable.from(bytesOf(linesOf(world, accountId, slice, ({ entry }) => entry)));
}

async function* bytesOf(lines: AsyncIterable<string>): AsyncGenerator<Buffer> {
  for await (const line of lines) yield Buffer.from(line);
}

/** A damaged chain is exported as it stands, so that the verifier can name what is wrong with it. */
async function sealIfSound(world: Needs, accountId: string): Promise<void> {
  try {
    await sealAccount({ ...world, signer: installationSigner(world.vault) }, accountId);
  } catch (error) {
    if (!(error instanceof ChainBroken)) throw error;
    world.log.fatal({ accountId }, 'the audit chain of an account was tampered with');
  }
}

interface Slice {
  readonly before: Checkpoint;
  readonly behind: Checkpoint;
}

async function sliceOf(
  world: Pick<World, 'db'>,
  accountId: string,
  since: Date | null,
  until: Date | null,
): Promise<Slice> {
  const found = await world.db.readAccount(accountId, async (tx) => {
    const range = await seqRange(tx, since, until);
    return range === undefined ? enclosingCheckpoints(tx, 1, 0) : enclosingCheckpoints(tx, range.first, range.last);
  });
  if (found === undefined) throw new Problem('audit.chain_broken');
  return found;
}

async function* linesOf(world: Pick<World, 'db'>, accountId: string, { before, behind }: Slice, show: Show) {
  yield `${lineOf(before)}\n`;
  for (let after = before.seq; after < behind.seq; ) {
    const from = after;
    const links = await world.db.readAccount(accountId, (tx) => readLinks(tx, from, behind.seq, entriesPerPage));
    yield links.map((link) => `${lineOf(show(link))}\n`).join('');
    after = links.at(-1)?.entry.seq ?? behind.seq;
  }
  yield `${lineOf(behind)}\n`;
}
