/**
 * Signs users in: by a passkey, or by address, password and one-time code together. Whatever is wrong, the answer and the
 * work for it are the same, so that nobody learns who has an account here.
 */
import { record, sealAddress } from '../../audit/index.ts';
import { Problem } from '../../contract/problem.ts';
import type { Tx } from '../../platform/database.ts';
import type { AccountVault } from '../../platform/vault.ts';
import { accountVault } from '../account-vault.ts';
import {
  claimTotpStep,
  findPasskey,
  findPasswordHolders,
  listPasskeyRows,
  type PasswordHolder,
} from '../keys/credential-store.ts';
import { readUserRow } from '../people/people-store.ts';
import { normalEmail } from '../people/stored-address.ts';
import { sourceBlock, type Visitor } from '../place.ts';
import { hashSecret } from '../secrets.ts';
import { openSessionIn } from '../sessions/open-session.ts';
import type { Tries } from '../tries.ts';
import { type AnswerNeeds, type PasskeyAnswer, type RelyingParty, signInOptions, takeAnswer } from './passkeys.ts';
import { matchingHashes } from './passwords.ts';
import { takeCode } from './recovery-codes.ts';
import type { Needs, SignedIn } from './sign-in.ts';
import { stepOfCode } from './totp.ts';

/** Nobody is named before a passkey answers. */
const anybody = { use: 'sign-in', userId: '' } as const;

export const passkeySignInOptions = (world: Needs, party: RelyingParty) =>
  signInOptions(world.vault, party, anybody, world.clock.now());

export async function signInByPasskey(
  world: Needs,
  from: Pick<AnswerNeeds, 'party' | 'origin'> & { readonly visitor: Visitor },
  answer: PasskeyAnswer,
): Promise<SignedIn> {
  const found = await findPasskey(world.db, Buffer.from(answer.id, 'base64url'));
  if (found === undefined) throw new Problem('auth.passkey_invalid');
  const { accountId, userId } = found;
  const vault = await accountVault(world, accountId);
  const opening = world.db.asAccount(accountId, async (tx) => {
    await assertStillActive(tx, userId);
    const needs = { ...from, vault: world.vault, purpose: anybody, at: world.clock.now() };
    await takeAnswer(tx, needs, answer, await listPasskeyRows(tx, userId));
    return openSessionIn(tx, world, vault, { userId, by: 'passkey', visitor: from.visitor });
  });
  return opening.catch((error) => {
    if (error instanceof Problem) noteRefusals(world, [found], from.visitor);
    throw error;
  });
}

/** Waits for a deactivation that is under way. */
async function assertStillActive(tx: Tx, userId: string): Promise<void> {
  const user = await readUserRow(tx, userId, true);
  if (user === undefined || user.acceptedAt === null || user.deactivatedAt !== null)
    throw new Problem('auth.credentials_invalid');
}

export interface Credentials {
  readonly email: string;
  readonly password: string;
  readonly code: string;
}

export type PasswordProof = { readonly by: 'password' | 'recovery_code' };

/** Throws auth.credentials_invalid or request.rate_limited. */
export async function signInByPassword(
  world: Needs,
  tries: Tries,
  visitor: Visitor,
  given: Credentials,
): Promise<SignedIn> {
  return withCountedTry(world, tries, visitor, given, async (holders) => {
    for (const { accountId, userId } of holders) {
      const vault = await accountVault(world, accountId);
      const opened = await world.db.asAccount(accountId, async (tx) => {
        const proof = await takeSecondFactor(tx, world, vault, userId, given.code);
        return proof === undefined ? undefined : openSessionIn(tx, world, vault, { userId, ...proof, visitor });
      });
      if (opened !== undefined) return opened;
    }
    return undefined;
  });
}

/**
 * Hands over the holders of the address that the password is right for; an answer of undefined is a failed try.
 * For a proof in a session, `ofUser` leaves the one holder who may be meant.
 */
export async function withCountedTry<T>(
  world: Needs,
  tries: Tries,
  visitor: Visitor,
  given: Credentials,
  check: (holders: PasswordHolder[]) => Promise<T | undefined>,
  ofUser?: string,
): Promise<T> {
  const lookup = hashSecret(world.vault, 'user-email', normalEmail(given.email));
  const triers = { source: sourceBlock(visitor.address), user: lookup.toString('base64') };
  await tries.begin(triers);
  const all = await findPasswordHolders(world.db, lookup);
  const meant = all.filter((one) => ofUser === undefined || one.userId === ofUser);
  const hashes = meant.map((one) => one.passwordHash);
  const matching = await matchingHashes(world.vault, given.email, given.password, hashes);
  const done = await check(meant.filter((one) => matching.includes(one.passwordHash)));
  if (done === undefined) {
    noteRefusals(world, meant, visitor);
    throw new Problem('auth.credentials_invalid');
  }
  await tries.succeeded(triers);
  return done;
}

/** Once the caller has its answer: an entry takes time, which would tell that there is somebody. */
function noteRefusals(
  world: Needs,
  holders: readonly Pick<PasswordHolder, 'accountId' | 'userId'>[],
  from: Visitor,
): void {
  for (const holder of holders) noteRefusal(world, holder, from).catch(() => undefined); // without a database nobody signs in either
}

async function noteRefusal(
  world: Needs,
  { accountId, userId: id }: Pick<PasswordHolder, 'accountId' | 'userId'>,
  from: Visitor,
): Promise<void> {
  const at = world.clock.now();
  const address = sealAddress(await accountVault(world, accountId), from.address);
  await world.db.asAccount(accountId, (tx) =>
    record(tx, {
      at,
      actor: { kind: 'system', id: 'sign-in', address },
      action: 'sign_in.refused',
      object: { kind: 'user', id },
      outcome: 'refused',
      detail: {},
    }),
  );
}

/** A code of the authenticator app, or a recovery code; each is taken once. */
export async function takeSecondFactor(
  tx: Tx,
  world: Needs,
  vault: AccountVault,
  userId: string,
  code: string,
): Promise<PasswordProof | undefined> {
  const user = await readUserRow(tx, userId, true);
  if (user === undefined || user.totpSealed === null || user.deactivatedAt !== null) return undefined;
  const step = stepOfCode(vault.open('user.totp', user.totpSealed).toString(), code, world.clock.now());
  if (step !== null) return (await claimTotpStep(tx, userId, step)) ? { by: 'password' } : undefined;
  const isTaken = await takeCode(tx, world.vault, userId, code, world.clock.now());
  return isTaken ? { by: 'recovery_code' } : undefined;
}
