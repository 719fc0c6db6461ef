/** The holder of a session proves again who they are; for five minutes the gate lets through what asks for it. */
import { record } from '../../audit/index.ts';
import { Problem } from '../../contract/problem.ts';
import type { Tx } from '../../platform/database.ts';
import type { Caller } from '../../platform/route.ts';
import { accountVault } from '../account-vault.ts';
import type { Gate } from '../gate.ts';
import { listPasskeyRows } from '../keys/credential-store.ts';
import { readUserRow } from '../people/people-store.ts';
import type { Visitor } from '../place.ts';
import { hashSecret } from '../secrets.ts';
import { describeSession, type OpenedSession } from '../sessions/open-session.ts';
import { markSessionProved, redeemSignInLink } from '../store.ts';
import type { Tries } from '../tries.ts';
import { type PasskeyAnswer, type RelyingParty, signInOptions, takeAnswer } from './passkeys.ts';
import { type Needs, sessionIdOf } from './sign-in.ts';
import { takeSecondFactor, withCountedTry } from './sign-in-user.ts';
import { readSessionOpener } from './sign-on-store.ts';

export async function stepUpOptions(world: Needs, party: RelyingParty, caller: Caller) {
  const userId = caller.session?.userId ?? null;
  if (userId === null) return { passkey: null, password: false, link: true, signOn: false };
  const [passkeys, user, opener] = await world.db.readAccount(caller.accountId, async (tx) => [
    await listPasskeyRows(tx, userId),
    await readUserRow(tx, userId),
    await readSessionOpener(tx, sessionIdOf(caller)),
  ]);
  const purpose = { use: 'step-up', userId } as const;
  const options = () => signInOptions(world.vault, party, purpose, world.clock.now(), passkeys);
  const hasPassword = user !== undefined && user.passwordHash !== null;
  const passkey = passkeys.length === 0 ? null : await options();
  return { passkey, password: hasPassword, link: false, signOn: opener === 'sso' };
}

interface Proof {
  readonly passkey?: PasskeyAnswer | undefined;
  readonly password?: { readonly password: string; readonly code: string } | undefined;
  readonly linkToken?: string | undefined;
}

interface StepUpNeeds {
  readonly gate: Gate;
  readonly tries: Tries;
  readonly party: RelyingParty;
  readonly origin: string | undefined;
  readonly visitor: Visitor;
}

export async function stepUp(world: Needs, needs: StepUpNeeds, caller: Caller, proof: Proof): Promise<OpenedSession> {
  const vault = await accountVault(world, caller.accountId);
  const mark = async (tx: Tx, by: 'link' | 'passkey' | 'password' | 'recovery_code'): Promise<OpenedSession> => {
    const [at, { actor }, id] = [world.clock.now(), caller, sessionIdOf(caller)];
    await markSessionProved(tx, id, at);
    await record(tx, { at, actor, action: 'session.proved', object: { kind: 'session', id }, detail: { by } });
    return describeSession(tx, vault, id);
  };
  const proved = await prove(world, needs, caller, proof, mark);
  needs.gate.forget(sessionIdOf(caller));
  return proved;
}

async function prove(
  world: Needs,
  needs: StepUpNeeds,
  caller: Caller,
  { passkey, password, linkToken }: Proof,
  mark: (tx: Tx, by: 'link' | 'passkey' | 'password' | 'recovery_code') => Promise<OpenedSession>,
): Promise<OpenedSession> {
  const userId = caller.session?.userId ?? null;
  const inAccount = (run: (tx: Tx) => Promise<OpenedSession>) => world.db.asAccount(caller.accountId, run);
  if (userId === null) {
    const hash = hashSecret(world.vault, 'sign-in-link', linkToken ?? '');
    return inAccount(async (tx) => {
      if (!(await redeemSignInLink(tx, hash, world.clock.now()))) throw new Problem('auth.link_invalid');
      return mark(tx, 'link');
    });
  }
  if (passkey !== undefined)
    return inAccount(async (tx) => {
      const purpose = { use: 'step-up', userId } as const;
      const answerNeeds = { ...needs, vault: world.vault, purpose, at: world.clock.now() };
      await takeAnswer(tx, answerNeeds, passkey, await listPasskeyRows(tx, userId));
      return mark(tx, 'passkey');
    });
  if (password === undefined) throw new Problem('auth.credentials_invalid');
  const given = { ...password, email: await emailOf(world, caller.accountId, userId) };
  const vault = await accountVault(world, caller.accountId);
  const check = (): Promise<OpenedSession | undefined> =>
    world.db.asAccount(caller.accountId, async (tx) => {
      const factor = await takeSecondFactor(tx, world, vault, userId, password.code);
      return factor === undefined ? undefined : mark(tx, factor.by);
    });
  const { tries, visitor } = needs;
  const checkOne = async (holders: readonly unknown[]) => (holders.length === 0 ? undefined : check());
  return withCountedTry(world, tries, visitor, given, checkOne, userId);
}

async function emailOf(world: Needs, accountId: string, userId: string): Promise<string> {
  const vault = await accountVault(world, accountId);
  const user = await world.db.readAccount(accountId, (tx) => readUserRow(tx, userId));
  if (user === undefined) throw new Problem('auth.no_user');
  return vault.open('user.email', user.emailSealed).toString();
}
