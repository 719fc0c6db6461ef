/**
 * The one-time sign-in link and the console session that it opens. A link works once, for a day; a session ends after
 * half an hour without use and twelve hours in all. Only keyed hashes of both are stored.
 */
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import { newId } from '../platform/ids.ts';
import type { Actor, Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { hashSecret, newToken } from './secrets.ts';
import {
  findSignInLink,
  insertSession,
  insertSignInLink,
  markSessionEnded,
  readAccountRow,
  readSessionExpiry,
  redeemSignInLink,
} from './store.ts';

const linkLifeMs = 24 * 3_600_000;
const sessionLifeMs = 12 * 3_600_000;

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;

export interface OpenedSession {
  readonly account: { readonly id: string; readonly name: string };
  readonly expiresAt: Date;
}

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

export async function openSession(world: Needs, linkToken: string): Promise<OpenedSession & { token: string }> {
  const linkHash = hashSecret(world.vault, 'sign-in-link', linkToken);
  const accountId = await findSignInLink(world.db, linkHash);
  if (accountId === undefined) throw new Problem('auth.link_invalid');
  const at = world.clock.now();
  const session = { id: newId(at), token: newToken(), expiresAt: new Date(at.getTime() + sessionLifeMs) };
  const name = await world.db.asAccount(accountId, async (tx) => {
    if (!(await redeemSignInLink(tx, linkHash, at))) throw new Problem('auth.link_invalid');
    const hash = hashSecret(world.vault, 'session', session.token);
    await insertSession(tx, { id: session.id, hash, at, expiresAt: session.expiresAt });
    const actor: Actor = { kind: 'session', id: session.id };
    await record(tx, { at, actor, action: 'session.opened', object: { kind: 'session', id: session.id }, detail: {} });
    return (await readAccountRow(tx))?.name ?? '';
  });
  return { token: session.token, account: { id: accountId, name }, expiresAt: session.expiresAt };
}

export function readSession(world: Needs, caller: Caller): Promise<OpenedSession> {
  return world.db.readAccount(caller.accountId, async (tx) => {
    const expiresAt = await readSessionExpiry(tx, caller.actor.id);
    const account = await readAccountRow(tx);
    if (expiresAt === undefined || account === undefined) throw new Problem('auth.invalid');
    return { account: { id: caller.accountId, name: account.name }, expiresAt };
  });
}

export async function endSession(world: Needs, caller: Caller): Promise<void> {
  const at = world.clock.now();
  const { actor } = caller;
  await world.db.asAccount(caller.accountId, async (tx) => {
    await markSessionEnded(tx, actor.id, at);
    await record(tx, { at, actor, action: 'session.ended', object: { kind: 'session', id: actor.id }, detail: {} });
  });
}
