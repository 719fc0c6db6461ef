/**
 * Opens a console session for a user, or for the holder of an installation link, and notes what is unusual about it.
 * The token is always new: nothing that a browser brings along becomes a session.
 */
import { record, sealAddress } from '../../audit/index.ts';
import type { Permission } from '../../contract/permissions.ts';
import { Problem } from '../../contract/problem.ts';
import { limitsOf } from '../../core/access/session-life.ts';
import type { Tx } from '../../platform/database.ts';
import { newId } from '../../platform/ids.ts';
import type { Actor } from '../../platform/route.ts';
import type { AccountVault } from '../../platform/vault.ts';
import type { World } from '../../platform/world.ts';
import { permissionsOfUser } from '../narrowing.ts';
import {
  hasActiveUsers,
  insertAlert,
  markUserSignedIn,
  readKnownPlaces,
  readUserRow,
  rememberPlaces,
  type StoredUser,
} from '../people/people-store.ts';
import { placeWords, type Visitor } from '../place.ts';
import { namesOf } from '../reach.ts';
import { hashSecret, newToken } from '../secrets.ts';
import { assertOwnWay } from '../sign-in/required-sign-on.ts';
import { insertSession, readAccountRow, readSessionRow, type SessionOpener, setSessionExpiry } from '../store.ts';

export interface OpenedSession {
  readonly account: { readonly id: string; readonly name: string };
  readonly user: (Pick<StoredUser, 'id' | 'role' | 'departmentId' | 'reach'> & { readonly name: string }) | null;
  readonly permissions: Permission[];
  readonly expiresAt: Date;
  readonly idleMinutes: number;
}

interface SessionWish {
  /** Null: an installation link's. */
  readonly userId: string | null;
  readonly by: SessionOpener;
  readonly visitor: Visitor;
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const forgetPlacesAfterMs = 180 * dayMs;

export async function openSessionIn(
  tx: Tx,
  world: Pick<World, 'vault' | 'clock'>,
  vault: AccountVault,
  wish: SessionWish,
): Promise<OpenedSession & { readonly token: string; readonly sessionId: string }> {
  const at = world.clock.now();
  const { userId, by, visitor } = wish;
  if (userId !== null && by !== 'sso') await assertOwnWay(tx, vault, userId);
  const [id, token] = [newId(at), newToken()];
  const { browser, network } = placeWords(visitor);
  await insertSession(tx, {
    id,
    userId,
    openedBy: by,
    placeSealed: vault.seal('session.place', `${browser}, ${network}`),
    createdAt: at,
    expiresAt: at, // until its limits are known, below
    hash: hashSecret(world.vault, 'session', token),
  });
  const address = sealAddress(vault, visitor.address);
  const actor: Actor = userId === null ? { kind: 'session', id, address } : { kind: 'user', id: userId, address };
  await record(tx, { at, actor, action: 'session.opened', object: { kind: 'session', id }, detail: { by } });
  if (userId === null) await noteLink(tx, at);
  else await noteUser(tx, vault, { at, userId, actor, sessionId: id, browser, network });
  const found = await readSessionRow(tx, id);
  if (found === undefined) throw new Error('a session that was just opened is not there');
  await setSessionExpiry(tx, id, new Date(at.getTime() + limitsOf(found).absoluteMinutes * minuteMs));
  return { ...(await describeSession(tx, vault, id)), token, sessionId: id };
}

/** In an account with people, somebody who signs in as nobody is worth a look. */
async function noteLink(tx: Tx, at: Date): Promise<void> {
  if (await hasActiveUsers(tx))
    await insertAlert(tx, { id: newId(at), at, what: 'installation_link_used', userId: null, detail: {} });
}

interface Arrival {
  readonly at: Date;
  readonly userId: string;
  readonly actor: Actor;
  readonly sessionId: string;
  readonly browser: string;
  readonly network: string;
}

async function noteUser(tx: Tx, vault: AccountVault, arrival: Arrival): Promise<void> {
  const { at, userId, actor, sessionId } = arrival;
  await markUserSignedIn(tx, userId, at);
  const browser = vault.index('place.browser', arrival.browser);
  const network = vault.index('place.network', arrival.network);
  const { known, isFirst } = await readKnownPlaces(tx, userId, [browser, network]);
  await rememberPlaces(tx, userId, [browser, network], at, new Date(at.getTime() - forgetPlacesAfterMs));
  const isNew = (place: Buffer): boolean => !known.some((one) => one.equals(place));
  const detail = { isNewBrowser: isNew(browser), isNewNetwork: isNew(network) };
  if (isFirst || !(detail.isNewBrowser || detail.isNewNetwork)) return;
  await insertAlert(tx, { id: newId(at), at, what: 'unusual_sign_in', userId, detail });
  await record(tx, { at, actor, action: 'session.unusual', object: { kind: 'session', id: sessionId }, detail });
}

/** Throws auth.invalid when it has ended meanwhile. */
export async function describeSession(tx: Tx, vault: AccountVault, sessionId: string): Promise<OpenedSession> {
  const found = await readSessionRow(tx, sessionId);
  const account = await readAccountRow(tx);
  if (found === undefined || account === undefined) throw new Problem('auth.invalid');
  const user = found.userId === null ? undefined : await readUserRow(tx, found.userId);
  const limits = limitsOf(found);
  const lastsUntil = new Date(found.createdAt.getTime() + limits.absoluteMinutes * minuteMs);
  return {
    account: { id: found.accountId, name: account.name },
    user:
      user === undefined
        ? null
        : {
            id: user.id,
            name: vault.open('user.name', user.nameSealed).toString(),
            role: user.role,
            departmentId: user.departmentId,
            reach: user.reach,
          },
    permissions: namesOf(user === undefined ? undefined : permissionsOfUser(user)),
    expiresAt: lastsUntil < found.expiresAt ? lastsUntil : found.expiresAt,
    idleMinutes: limits.idleMinutes,
  };
}
