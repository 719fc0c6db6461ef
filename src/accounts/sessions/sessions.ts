/** Open console sessions: listed, and ended one by one or all but one's own. */
import { record } from '../../audit/index.ts';
import { Problem } from '../../contract/problem.ts';
import { limitsOf } from '../../core/access/session-life.ts';
import type { Caller } from '../../platform/route.ts';
import { nullWhenBroken } from '../../platform/vault.ts';
import { accountVault } from '../account-vault.ts';
import type { Gate } from '../gate.ts';
import { reaches } from '../narrowing.ts';
import { type Needs, sessionIdOf } from '../sign-in/sign-in.ts';
import { type ListedSession, listSessionRows, markSessionEnded, readSessionRow } from '../store.ts';

export interface OpenSession
  extends Pick<ListedSession, 'userId' | 'openedBy' | 'createdAt' | 'lastSeenAt' | 'expiresAt'> {
  readonly id: string;
  readonly place: string;
  readonly isThisOne: boolean;
}

/** Everybody's, or only those of whoever asks. */
export async function listSessions(world: Needs, caller: Caller, whose: 'all' | 'own'): Promise<OpenSession[]> {
  const vault = await accountVault(world, caller.accountId);
  const at = world.clock.now();
  const place = (sealed: Buffer | null): string => {
    try {
      return sealed === null ? 'Unknown' : vault.open('session.place', sealed).toString();
    } catch (error) {
      return nullWhenBroken(error) ?? 'Unknown';
    }
  };
  return world.db.asAccount(caller, async (tx) => {
    const isMeant = (one: ListedSession): boolean =>
      whose === 'all' ? reaches(caller, one.departmentId) : isOwn(caller, one);
    const open = (await listSessionRows(tx)).filter((one) => isOpen(one, at) && isMeant(one));
    const detail = { sessions: open.length };
    const { actor } = caller;
    if (whose === 'all')
      await record(tx, { at, actor, action: 'sessions.listed', object: { kind: 'sessions' }, detail });
    return open.map((one) => ({
      ...one,
      id: one.sessionId,
      place: place(one.placeSealed),
      isThisOne: one.sessionId === caller.session?.id,
    }));
  });
}

/** Who came by a link sees only that session as their own. */
const isOwn = ({ session }: Caller, one: Pick<ListedSession, 'userId' | 'sessionId'>): boolean =>
  one.userId === null ? one.sessionId === session?.id : one.userId === session?.userId;

function isOpen(one: ListedSession, at: Date): boolean {
  const { idleMinutes, absoluteMinutes } = limitsOf(one);
  const rested = at.getTime() - one.lastSeenAt.getTime();
  const lasted = at.getTime() - one.createdAt.getTime();
  return one.expiresAt > at && rested < idleMinutes * 60_000 && lasted < absoluteMinutes * 60_000;
}

export async function endSession(world: Needs, gate: Gate, caller: Caller, id: string): Promise<void> {
  const [at, { actor }] = [world.clock.now(), caller];
  await world.db.asAccount(caller, async (tx) => {
    const found = await readSessionRow(tx, id);
    const isTheirs = found !== undefined && (reaches(caller, found.departmentId) || isOwn(caller, found));
    if (!isTheirs || !(await markSessionEnded(tx, id, at))) throw new Problem('session.not_found');
    await record(tx, { at, actor, action: 'session.ended', object: { kind: 'session', id }, detail: {} });
  });
  gate.forget(id);
}

export async function endOwnSession(world: Needs, gate: Gate, caller: Caller, id: string): Promise<void> {
  const own = await listSessions(world, caller, 'own');
  if (!own.some((one) => one.id === id)) throw new Problem('session.not_found');
  await endSession(world, gate, caller, id);
}

export async function endOtherSessions(world: Needs, gate: Gate, caller: Caller): Promise<void> {
  const others = (await listSessions(world, caller, 'own')).filter((one) => one.id !== sessionIdOf(caller));
  const [at, { actor }] = [world.clock.now(), caller];
  await world.db.asAccount(caller.accountId, async (tx) => {
    for (const { id } of others) await markSessionEnded(tx, id, at);
    const detail = { sessions: others.length };
    await record(tx, { at, actor, action: 'sessions.ended', object: { kind: 'sessions' }, detail });
  });
  for (const { id } of others) gate.forget(id);
}
