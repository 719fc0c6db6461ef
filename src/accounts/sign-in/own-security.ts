/** A user's own ways to sign in: passkeys, a password with an authenticator app, recovery codes. One way always stays. */
import { type AuditEntry, record } from '../../audit/index.ts';
import type { AuditAction } from '../../contract/audit-actions.ts';
import { Problem } from '../../contract/problem.ts';
import type { Tx } from '../../platform/database.ts';
import type { Caller } from '../../platform/route.ts';
import type { AccountVault } from '../../platform/vault.ts';
import { accountVault } from '../account-vault.ts';
import type { Gate } from '../gate.ts';
import {
  countRecoveryCodes,
  deletePasskey,
  listPasskeyRows,
  replaceRecoveryCodes,
  type StoredPasskey,
  setPassword,
} from '../keys/credential-store.ts';
import { type NewPassword, provePassword } from '../people/invitations.ts';
import { endSessionsOf, readUserRow } from '../people/people-store.ts';
import { openUser, type User } from '../people/users.ts';
import { readAccountRow } from '../store.ts';
import { type NewPasskeyAnswer, type RelyingParty, registrationOptions, takeNewPasskey } from './passkeys.ts';
import { renewCodes } from './recovery-codes.ts';
import { type Needs, sessionIdOf } from './sign-in.ts';
import { newTotp, type TotpSetup } from './totp.ts';

/** Throws auth.no_user. */
function userIdOf({ session }: Caller): string {
  if (session?.userId == null) throw new Problem('auth.no_user');
  return session.userId;
}

interface Own {
  readonly tx: Tx;
  readonly vault: AccountVault;
  readonly user: User;
  readonly passkeys: readonly StoredPasskey[];
  readonly at: Date;
  note<A extends AuditAction>(action: A, detail: AuditEntry<A>['detail'], passkeyId?: string): Promise<void>;
}

/** Changes of one user's ways to sign in wait for one another. */
async function asOwn<T>(world: Needs, caller: Caller, run: (own: Own) => Promise<T>): Promise<T> {
  const userId = userIdOf(caller);
  const vault = await accountVault(world, caller.accountId);
  return world.db.asAccount(caller.accountId, async (tx) => {
    const row = await readUserRow(tx, userId, true);
    if (row === undefined) throw new Problem('auth.no_user');
    const at = world.clock.now();
    const { actor } = caller;
    return run({
      tx,
      vault,
      user: openUser(vault, row),
      passkeys: await listPasskeyRows(tx, userId),
      at,
      note: (action, detail, passkeyId) => {
        const object = passkeyId === undefined ? { kind: 'user', id: userId } : { kind: 'passkey', id: passkeyId };
        return record(tx, { at, actor, action, object: object as AuditEntry<typeof action>['object'], detail });
      },
    });
  });
}

export interface OwnSecurity {
  readonly user: User;
  readonly passkeys: readonly StoredPasskey[];
  readonly recoveryCodesLeft: number;
}

export const readOwnSecurity = (world: Needs, caller: Caller): Promise<OwnSecurity> =>
  asOwn(world, caller, async ({ tx, user, passkeys }) => ({
    user,
    passkeys,
    recoveryCodesLeft: await countRecoveryCodes(tx, user.id),
  }));

export const newPasskeyOptions = (world: Needs, party: RelyingParty, caller: Caller) =>
  asOwn(world, caller, ({ user, passkeys, at }) => registrationOptions(world.vault, party, user, at, passkeys));

interface NewPasskey {
  readonly party: RelyingParty;
  readonly origin: string | undefined;
  readonly name: string;
  readonly answer: NewPasskeyAnswer;
}

export const addPasskey = (world: Needs, caller: Caller, { name, answer, ...from }: NewPasskey): Promise<string> =>
  asOwn(world, caller, async ({ tx, user, at, note }) => {
    const purpose = { use: 'register', userId: user.id } as const;
    const { id } = await takeNewPasskey(tx, { ...from, vault: world.vault, purpose, at }, answer, name);
    await note('passkey.added', {}, id);
    return id;
  });

export const removePasskey = (world: Needs, caller: Caller, id: string): Promise<void> =>
  asOwn(world, caller, async ({ tx, user, passkeys, note }) => {
    if (!passkeys.some((one) => one.id === id)) throw new Problem('passkey.not_found');
    if (passkeys.length === 1 && !user.hasPassword) throw new Problem('factor.last_one');
    await deletePasskey(tx, user.id, id);
    await note('passkey.removed', {}, id);
  });

export const newTotpSecret = (world: Needs, caller: Caller): Promise<TotpSetup> =>
  asOwn(world, caller, async ({ user, at }) => newTotp(world.vault, user.id, user.email, at));

/** All other sessions of the user end: whoever opened them may have known the old password. */
export async function changeOwnPassword(
  world: Needs,
  gate: Gate,
  caller: Caller,
  given: NewPassword,
): Promise<string[]> {
  const about = await asOwn(world, caller, async ({ tx, vault, user }) => {
    const accountName = (await readAccountRow(tx))?.name ?? '';
    return { vault, user, accountName };
  });
  const proved = await provePassword(world, about, given);
  const codes = await asOwn(world, caller, async ({ tx, user, at, note }) => {
    await setPassword(tx, user.id, proved);
    const sessions = await endSessionsOf(tx, user.id, at, sessionIdOf(caller));
    await note('password.changed', { sessions });
    return renewCodes(tx, world.vault, user.id);
  });
  gate.forget(userIdOf(caller));
  return codes;
}

export const removeOwnPassword = (world: Needs, caller: Caller): Promise<void> =>
  asOwn(world, caller, async ({ tx, user, passkeys, note }) => {
    if (passkeys.length === 0) throw new Problem('factor.last_one');
    await setPassword(tx, user.id, { hash: null, totpSealed: null, step: 0 });
    await replaceRecoveryCodes(tx, user.id, []);
    await note('password.removed', {});
  });

export const renewRecoveryCodes = (world: Needs, caller: Caller): Promise<string[]> =>
  asOwn(world, caller, async ({ tx, user, note }) => {
    if (!user.hasPassword) throw new Problem('factor.no_password');
    await note('recovery_codes.renewed', {});
    return renewCodes(tx, world.vault, user.id);
  });
