/**
 * The same Idempotency-Key with the same body gets the same answer; with another body it is refused. Key and body are
 * kept only as keyed hashes, of the answer what stored-answer.ts says. For 30 days; callers may count on 24 hours.
 */
import { accountVault, isNarrowed } from '../accounts/index.ts';
import { Problem } from '../contract/problem.ts';
import { canonicalJson } from '../core/sending/canonical-json.ts';
import type { Database } from '../platform/database.ts';
import type { Caller } from '../platform/route.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { findAnswer, findAnswered } from './store.ts';
import { answerAgain, isWhole, readStoredAnswer } from './stored-answer.ts';

export interface IdempotencyKey {
  readonly keyIndex: Buffer;
  readonly bodyHash: Buffer;
}

const usableKey = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;

function readIdempotencyKey(
  vault: AccountVault,
  caller: Caller,
  header: string | undefined,
  body: unknown,
): IdempotencyKey | null {
  if (header === undefined) return null;
  if (!usableKey.test(header)) throw new Problem('idempotency.key_invalid');
  return {
    keyIndex: vault.index('idempotency.key', ownKey(caller, header)),
    bodyHash: vault.index('idempotency.body', canonicalJson(body)),
  };
}

/** Whoever is narrowed shares keys with their department alone: a key taken elsewhere tells them nothing. */
const ownKey = (caller: Caller, header: string): string =>
  isNarrowed(caller) ? `${caller.actor.departmentId ?? ''}\n${header}` : header;

/** The answer that was given to this key before, if any. */
async function earlierAnswer<Answer>(
  db: Database,
  accountId: string,
  vault: AccountVault,
  key: IdempotencyKey,
): Promise<Answer | null> {
  return db.readAccount(accountId, async (tx) => {
    const found = await findAnswer(tx, key.keyIndex);
    if (found === undefined) return null;
    if (!found.bodyHash.equals(key.bodyHash)) throw new Problem('idempotency.key_reused');
    const { messageId, keySealed, responseSealed } = found;
    const stored = readStoredAnswer(vault, responseSealed);
    if (isWhole(stored) || messageId === null) return stored as Answer;
    const message = keySealed === null ? null : vault.openMessageKey(keySealed);
    return answerAgain(stored, await findAnswered(tx, messageId), message) as Answer;
  });
}

/**
 * One answer for one request, however often it comes. `accept` gives null where another with the same key was first.
 */
export async function answerOnce<Answer>(
  world: Pick<World, 'db' | 'vault'>,
  caller: Caller,
  { header, body }: { readonly header: string | undefined; readonly body: unknown },
  accept: (key: IdempotencyKey | null) => Promise<Answer | null>,
): Promise<Answer> {
  const vault = await accountVault(world, caller.accountId);
  const key = readIdempotencyKey(vault, caller, header, body);
  const before = () => (key === null ? null : earlierAnswer<Answer>(world.db, caller.accountId, vault, key));
  const answer = (await before()) ?? (await accept(key)) ?? (await before());
  if (answer === null) throw new Problem('server.unavailable');
  return answer;
}
