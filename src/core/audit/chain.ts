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

const sha256 = (text: string): string => toHex(createHash('sha256').update(text).digest());

const toHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Where an account's chain begins: bound to the account, so that no other account's entries continue it. */
export const genesisHash = (accountId: string): string => sha256(`waxwing audit chain 1\n${accountId}`);

export function chainEntry(body: AuditBody, seq: number, prev: string): ChainedEntry {
  const unhashed = { ...body, type: 'entry' as const, seq, prev };
  return { ...unhashed, hash: sha256(canonicalJson(unhashed)) };
}

/** One spelling for each entry, so that not a byte of an exported line can differ unnoticed. */
export const lineOf = (line: ChainedEntry | Checkpoint): string => canonicalJson(line);

/** Whether an entry's own hash is that of its content. */
export function isIntact({ hash, ...unhashed }: ChainedEntry): boolean {
  return sha256(canonicalJson(unhashed)) === hash;
}

/** What the signature of a checkpoint covers. */
export const checkpointText = ({ type, account, seq, hash, at, key }: CheckpointClaim): string =>
  `waxwing audit checkpoint 1\n${canonicalJson({ type, account, seq, hash, at, key })}`;
