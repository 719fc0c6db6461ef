/**
 * The chain of an account's audit entries: each entry's hash covers its content and the hash before it, and a signed
 * checkpoint vouches for the chain up to its number. It decides what the bytes are; it holds no key and reads nothing.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../sending/canonical-json.ts';

/** What happened, as it was written in the transaction of the act. */
export interface AuditBody {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly actor: { readonly kind: string; readonly id: string | null };
  readonly action: string;
  readonly object: { readonly kind: string; readonly id: string | null };
  readonly outcome: string;
  readonly detail: unknown;
  /** Absent: written before there were the fields below, and its hash covers none of them. */
  readonly format?: 2;
  /** Of whoever acted. */
  readonly department?: string | null;
  readonly reason?: { readonly kind: string; readonly id: string | null } | null;
  readonly address?: AddressMark | null;
}

/**
 * From where somebody acted. The hash covers the commitment alone, so that a chain stays whole when the address can no
 * longer be opened; `salt` and `value` prove themselves by it, and `lost` is the server's signed word that they are gone.
 */
export interface AddressMark {
  readonly commitment: string;
  readonly salt?: string;
  readonly value?: string;
  readonly lost?: LossClaim;
}

export interface LossClaim {
  readonly at: string;
  /** Fingerprint of the key that signs. */
  readonly key: string;
  /** Ed25519 over `lossText`, base64url. */
  readonly signature: string;
}

export interface ChainedEntry extends AuditBody {
  readonly type: 'entry';
  /** From 1, without a gap. */
  readonly seq: number;
  /** The hash of the entry before, in hex; of the first one, what `genesisHash` gives. */
  readonly prev: string;
  readonly hash: string;
}

/** The chain up to and including entry `seq` ends in `hash`. Number 0 is the empty chain. */
export interface CheckpointClaim {
  readonly type: 'checkpoint';
  readonly account: string;
  readonly seq: number;
  readonly hash: string;
  readonly at: string;
  /** Fingerprint of the key that signs. */
  readonly key: string;
}

export interface Checkpoint extends CheckpointClaim {
  /** Ed25519 over `checkpointText`, base64url. */
  readonly signature: string;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest().toHex();

/** Where an account's chain begins: bound to the account, so that no other account's entries continue it. */
export const genesisHash = (accountId: string): string => sha256(`waxwing audit chain 1\n${accountId}`);

export function chainEntry(body: AuditBody, seq: number, prev: string): ChainedEntry {
  const unhashed = { ...body, type: 'entry' as const, seq, prev };
  return { ...unhashed, hash: hashOf(unhashed) };
}

/** One spelling for each entry, so that not a byte of an exported line can differ unnoticed. */
export const lineOf = (line: ChainedEntry | Checkpoint): string => canonicalJson(line);

/** Whether an entry's own hash is that of its content, and its address the one that was meant. */
export function isIntact({ hash, ...unhashed }: ChainedEntry): boolean {
  const { address } = unhashed;
  return hashOf(unhashed) === hash && (address == null || isFaithful(address));
}

function hashOf(unhashed: Omit<ChainedEntry, 'hash'>): string {
  const { address } = unhashed;
  const covered = address == null ? unhashed : { ...unhashed, address: { commitment: address.commitment } };
  return sha256(canonicalJson(covered));
}

/** The hash covers nothing but the commitment, so nothing but these may stand beside it. */
function isFaithful(mark: AddressMark): boolean {
  const { commitment, salt, value, lost } = mark;
  switch (Object.keys(mark).sort().join()) {
    case 'commitment':
      return true;
    case 'commitment,lost':
      return isLossClaim(lost);
    case 'commitment,salt,value':
      return typeof salt === 'string' && typeof value === 'string' && addressCommitment({ salt, value }) === commitment;
    default:
      return false;
  }
}

const isLossClaim = (lost: unknown): boolean =>
  typeof lost === 'object' &&
  lost !== null &&
  Object.keys(lost).sort().join() === 'at,key,signature' &&
  Object.values(lost).every((one) => typeof one === 'string');

/** The salt, 32 digits in hex, keeps the few addresses that there are from being tried one by one. */
export const addressCommitment = ({ salt, value }: { readonly salt: string; readonly value: string }): string =>
  sha256(`waxwing audit address 1\n${salt}\n${value}`);

/** What the signature of a lost address covers; the entry's hash binds it to its place. */
export const lossText = (entryHash: string, { at, key }: Pick<LossClaim, 'at' | 'key'>): string =>
  `waxwing audit address lost 1\n${canonicalJson({ at, entry: entryHash, key })}`;

/** What the signature of a checkpoint covers. */
export const checkpointText = ({ type, account, seq, hash, at, key }: CheckpointClaim): string =>
  `waxwing audit checkpoint 1\n${canonicalJson({ type, account, seq, hash, at, key })}`;
