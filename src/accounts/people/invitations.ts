/**
 * Invitations: a one-time link with which a user chooses how to sign in. Accepting replaces whatever they signed in with
 * before, so that a fresh invitation is also the recovery for who lost it all. No mail is sent.
 */
import { record, sealAddress } from '../../audit/index.ts';
import { Problem } from '../../contract/problem.ts';
import type { Tx } from '../../platform/database.ts';
import type { AccountVault } from '../../platform/vault.ts';
import { accountVault } from '../account-vault.ts';
import { dropCredentials, setPassword } from '../keys/credential-store.ts';
import type { Visitor } from '../place.ts';
import { hashSecret, newToken } from '../secrets.ts';
import { openSessionIn } from '../sessions/open-session.ts';
import { type NewPasskeyAnswer, type RelyingParty, registrationOptions, takeNewPasskey } from '../sign-in/passkeys.ts';
import { assertUsable, hashPassword } from '../sign-in/passwords.ts';
import { renewCodes } from '../sign-in/recovery-codes.ts';
import type { Needs, SignedIn } from '../sign-in/sign-in.ts';
import { confirmTotp, newTotp } from '../sign-in/totp.ts';
import { readAccountRow } from '../store.ts';
import {
  endInvitations,
  endSessionsOf,
  findInvitation,
  insertInvitation,
  markUserAccepted,
  readInvitationExpiry,
  readUserRow,
  redeemInvitation,
} from './people-store.ts';

const invitationLifeMs = 3 * 24 * 3_600_000;

export interface Invitation {
  readonly link: string;
  readonly expiresAt: Date;
}

/** The earlier ones of the user end. The token is in the fragment, which browsers send to no server. */
export async function addInvitation(tx: Tx, world: Needs, userId: string, publicUrl: string): Promise<Invitation> {
  const at = world.clock.now();
  const token = newToken();
  const expiresAt = new Date(at.getTime() + invitationLifeMs);
  await endInvitations(tx, userId, at);
  await insertInvitation(tx, { hash: hashSecret(world.vault, 'invitation', token), userId, at, expiresAt });
  return { link: `${publicUrl.replace(/\/$/, '')}/sign-in#invitation=${token}`, expiresAt };
}

interface Invited {
  readonly accountId: string;
  readonly accountName: string;
  readonly vault: AccountVault;
  readonly hash: Buffer;
  readonly expiresAt: Date;
  readonly user: { readonly id: string; readonly email: string; readonly name: string };
}

/** Throws auth.invitation_invalid. */
async function findInvited(world: Needs, token: string): Promise<Invited> {
  const hash = hashSecret(world.vault, 'invitation', token);
  const found = await findInvitation(world.db, hash);
  if (found === undefined) throw new Problem('auth.invitation_invalid');
  const { accountId, userId } = found;
  const vault = await accountVault(world, accountId);
  return world.db.readAccount(accountId, async (tx) => {
    const expiresAt = await readInvitationExpiry(tx, hash, world.clock.now());
    const row = await readUserRow(tx, userId);
    if (expiresAt === undefined || row === undefined) throw new Problem('auth.invitation_invalid');
    const accountName = (await readAccountRow(tx))?.name ?? '';
    const email = vault.open('user.email', row.emailSealed).toString();
    const name = vault.open('user.name', row.nameSealed).toString();
    return { accountId, accountName, vault, hash, expiresAt, user: { id: userId, email, name } };
  });
}

export async function openInvitation(world: Needs, { party, visitor }: Omit<AskedFrom, 'origin'>, token: string) {
  const { accountId, accountName, vault, expiresAt, user } = await findInvited(world, token);
  const at = world.clock.now();
  const actor = { kind: 'user', id: user.id, address: sealAddress(vault, visitor.address) } as const;
  await world.db.asAccount(accountId, (tx) =>
    record(tx, { at, actor, action: 'invitation.opened', object: { kind: 'user', id: user.id }, detail: {} }),
  );
  return {
    account: { name: accountName },
    user: { email: user.email, name: user.name },
    expiresAt,
    passkey: await registrationOptions(world.vault, party, user, at),
    totp: newTotp(world.vault, user.id, user.email, at),
  };
}

export interface NewPassword {
  readonly password: string;
  readonly setup: string;
  readonly code: string;
}

interface Acceptance {
  readonly token: string;
  readonly passkey?: NewPasskeyAnswer | undefined;
  readonly password?: NewPassword | undefined;
}

interface AskedFrom {
  readonly party: RelyingParty;
  readonly origin: string | undefined;
  readonly visitor: Visitor;
}

export async function acceptInvitation(
  world: Needs,
  from: AskedFrom,
  given: Acceptance,
): Promise<SignedIn & { recoveryCodes: string[] }> {
  if ((given.passkey === undefined) === (given.password === undefined))
    throw new Problem('request.malformed', [{ field: 'passkey', message: 'give either this or a password' }]);
  const invited = await findInvited(world, given.token);
  const { accountId, vault, user } = invited;
  const proved = given.password === undefined ? undefined : await provePassword(world, invited, given.password);
  return world.db.asAccount(accountId, async (tx) => {
    const at = world.clock.now();
    if (!(await redeemInvitation(tx, invited.hash, at))) throw new Problem('auth.invitation_invalid');
    await dropCredentials(tx, user.id);
    await endSessionsOf(tx, user.id, at);
    if (given.passkey !== undefined) {
      const purpose = { use: 'register', userId: user.id } as const;
      await takeNewPasskey(tx, { ...from, vault: world.vault, purpose, at }, given.passkey, 'First passkey');
    }
    if (proved !== undefined) await setPassword(tx, user.id, proved);
    const recoveryCodes = proved === undefined ? [] : await renewCodes(tx, world.vault, user.id);
    await markUserAccepted(tx, user.id, at);
    const detail = { by: proved === undefined ? ('passkey' as const) : ('password' as const) };
    const actor = { kind: 'user', id: user.id, address: sealAddress(vault, from.visitor.address) } as const;
    await record(tx, { at, actor, action: 'user.accepted', object: { kind: 'user', id: user.id }, detail });
    const wish = { userId: user.id, by: 'invitation', visitor: from.visitor } as const;
    return { ...(await openSessionIn(tx, world, vault, wish)), recoveryCodes };
  });
}

/** A password that may be chosen, hashed, with its confirmed authenticator app. Throws password.refused or factor.code_invalid. */
export async function provePassword(
  world: Needs,
  { vault, user, accountName }: Pick<Invited, 'vault' | 'user' | 'accountName'>,
  { password, ...given }: NewPassword,
): Promise<{ hash: string; totpSealed: Buffer; step: number }> {
  await assertUsable(password, [user.email, user.email.split('@')[0] ?? '', user.name, accountName]);
  const { secret, step } = confirmTotp(world.vault, user.id, given, world.clock.now());
  const hash = await hashPassword(world.vault, user.email, password);
  return { hash, totpSealed: vault.seal('user.totp', secret), step };
}
