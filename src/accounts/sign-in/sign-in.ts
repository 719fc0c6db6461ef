/** The one-time sign-in link of an installation. It works once, for a day, and opens a session that may do what an owner may. */
import { record } from '../../audit/index.ts';
import { Problem } from '../../contract/problem.ts';
import type { Actor, Caller } from '../../platform/route.ts';
import type { World } from '../../platform/world.ts';
import { accountVault } from '../account-vault.ts';
import type { Visitor } from '../place.ts';
import { hashSecret, newToken } from '../secrets.ts';
import { describeSession, type OpenedSession, openSessionIn } from '../sessions/open-session.ts';
import { findSignInLink, insertSignInLink, redeemSignInLink } from '../store.ts';

const linkLifeMs = 24 * 3_600_000;

export type Needs = Pick<World, 'db' | 'vault' | 'clock'>;
export type SignedIn = OpenedSession & { readonly token: string };

/** The token is in the fragment, which browsers send to no server. */
export async function createSignInLink(
  world: Needs,
  accountId: string,
  publicUrl: string,
  actor: Actor,
): Promise<string> {
  const token = newToken();
  const at = world.clock.now();
  await world.db.asAccount(accountId, async (tx) => {
    const hash = hashSecret(world.vault, 'sign-in-link', token);
    await insertSignInLink(tx, { hash, at, expiresAt: new Date(at.getTime() + linkLifeMs) });
    await record(tx, { at, actor, action: 'sign_in_link.created', object: { kind: 'sign-in-link' }, detail: {} });
  });
  return `${publicUrl.replace(/\/$/, '')}/sign-in#token=${token}`;
}

export async function openSession(world: Needs, linkToken: string, visitor: Visitor): Promise<SignedIn> {
  const linkHash = hashSecret(world.vault, 'sign-in-link', linkToken);
  const accountId = await findSignInLink(world.db, linkHash);
  if (accountId === undefined) throw new Problem('auth.link_invalid');
  const vault = await accountVault(world, accountId);
  return world.db.asAccount(accountId, async (tx) => {
    if (!(await redeemSignInLink(tx, linkHash, world.clock.now()))) throw new Problem('auth.link_invalid');
    return openSessionIn(tx, world, vault, { userId: null, by: 'link', visitor });
  });
}

export async function readSession(world: Needs, caller: Caller): Promise<OpenedSession> {
  const vault = await accountVault(world, caller.accountId);
  return world.db.asAccount(caller.accountId, (tx) => describeSession(tx, vault, sessionIdOf(caller)));
}

/** Routes that only sessions may ask have one. */
export function sessionIdOf({ session }: Caller): string {
  if (session === undefined) throw new Problem('auth.forbidden');
  return session.id;
}
