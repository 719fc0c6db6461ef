/**
 * Ends a sign-in: from what the provider says to the user who is meant, and their session. Somebody is recognised by the
 * provider's own name for them; by their address once only, and within the connection's domains.
 */
import {
  acceptBySignOn,
  covers,
  findSignOnUser,
  hasDepartment,
  lockPeople,
  makeSignOnUser,
  openSignOnSession,
  placeBySignOn,
  readSignOnUser,
  type SignedIn,
  type SignOnUser,
  type Visitor,
} from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem, type ProblemCode } from '../contract/problem.ts';
import {
  domainOf,
  hasSecondFactor,
  judgeAddress,
  judgePlace,
  nameOf,
  type SignOnPlace,
  type SignOnTerms,
} from '../core/access/sign-on-claims.ts';
import type { Tx } from '../platform/database.ts';
import type { SignOnNeeds } from './begin-sign-on.ts';
import type { Flow } from './flow-cookie.ts';
import type { Connection } from './open-connection.ts';
import { type Redeemed, redeemAnswer } from './redeem-answer.ts';
import { insertIdentity, insertSignOnSession, readUserOfSubject } from './store.ts';

export interface FinishNeeds extends SignOnNeeds {
  /** After a role changed: sessions that are open keep no more than it allows. */
  forget(id: string): void;
}

type LesserRole = Exclude<SignOnUser['role'], 'owner'>;

const termsOf = ({ connection, proved }: Pick<Redeemed, 'connection' | 'proved'>): SignOnTerms<LesserRole> => ({
  ...connection,
  domains: proved,
  issuer: connection.issuer ?? '',
  otherwise:
    connection.defaultRole === null
      ? null
      : { role: connection.defaultRole, departmentId: connection.defaultDepartmentId },
});

export async function finishSignOn(
  needs: FinishNeeds,
  flow: Flow | undefined,
  brought: { readonly connectionId: string; readonly response: string },
  visitor: Visitor,
): Promise<SignedIn> {
  // A proof's answer opens no session: whoever is lent a screen for a moment could keep one.
  const meant = flow?.sessionId === null ? flow : undefined;
  return noted(needs, meant, async () => {
    const redeemed = await redeemAnswer(needs, meant, brought);
    if (!hasSecondFactor(redeemed.claims, redeemed.connection)) throw new Problem('sso.second_factor_missing');
    const { accountId, vault, connection, subject, sid } = redeemed;
    const { opened, isPlaced } = await needs.db.asAccount(accountId, async (tx) => {
      await lockPeople(tx);
      const { userId, hasMoved } = await settleUser(tx, needs, redeemed);
      const session = await openSignOnSession(tx, needs, vault, { userId, visitor });
      await insertSignOnSession(tx, {
        sessionId: session.sessionId,
        connectionId: connection.id,
        subject: subjectIndex(redeemed, subject),
        sid: sid === null ? null : vault.index('sso.sid', sid),
      });
      return { opened: session, isPlaced: hasMoved };
    });
    if (isPlaced) needs.forget(accountId);
    return opened;
  });
}

export const subjectIndex = ({ vault }: Pick<Redeemed, 'vault'>, subject: string): Buffer =>
  vault.index('sso.subject', subject);

/** A refusal of somebody whom the provider named is worth an entry; what broke before that is anybody's. */
export async function noted<T>(needs: SignOnNeeds, flow: Flow | undefined, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (flow !== undefined && error instanceof Problem && error.code !== 'sso.state_invalid')
      await recordRefusal(needs, flow, error.code);
    throw error;
  }
}

const recordRefusal = (needs: SignOnNeeds, { accountId, connectionId: id }: Flow, why: ProblemCode): Promise<void> =>
  needs.db.asAccount(accountId, (tx) =>
    record(tx, {
      at: needs.clock.now(),
      actor: { kind: 'system', id: 'single-sign-on' },
      action: 'sso.refused',
      object: { kind: 'sso-connection', id },
      outcome: 'refused',
      detail: { why },
    }),
  );

interface Settled {
  readonly userId: string;
  readonly hasMoved: boolean;
}

async function settleUser(tx: Tx, needs: SignOnNeeds, redeemed: Redeemed): Promise<Settled> {
  const { vault, connection, subject } = redeemed;
  const known = await readUserOfSubject(tx, connection.id, subjectIndex(redeemed, subject));
  const user = known === undefined ? undefined : await readSignOnUser(tx, vault, known);
  return user === undefined ? recogniseFirst(tx, needs, redeemed) : comeAgain(tx, needs, redeemed, user);
}

/** Their address may be another one at the provider by now; ours is what counts. */
async function comeAgain(tx: Tx, needs: SignOnNeeds, redeemed: Redeemed, user: SignOnUser): Promise<Settled> {
  const { connection } = redeemed;
  if (!redeemed.proved.includes(domainOf(user.email))) throw new Problem(notServed(connection, user.email));
  if (user.state === 'deactivated') throw new Problem('sso.user_deactivated');
  if (!covers(connection.reach ?? undefined, user.permissions)) throw new Problem('sso.user_beyond_connection');
  if (user.state === 'invited') await acceptBySignOn(tx, needs, user.id);
  if (connection.roleClaim === null || user.role === 'owner') return { userId: user.id, hasMoved: false };
  const place = await placeOf(tx, redeemed);
  return { userId: user.id, hasMoved: await placeBySignOn(tx, needs, user.id, place) };
}

/** Nobody comes in by a domain that the account has not shown to be its own. */
const notServed = ({ domains }: Connection, email: string): ProblemCode =>
  domains.includes(domainOf(email)) ? 'sso.domain_unproved' : 'sso.domain_not_served';

async function recogniseFirst(tx: Tx, needs: SignOnNeeds, redeemed: Redeemed): Promise<Settled> {
  const { vault, connection, claims, subject } = redeemed;
  const judged = judgeAddress(claims, termsOf(redeemed));
  if (judged.kind === 'refused')
    throw new Problem(
      judged.why === 'unverified' ? 'sso.address_unverified' : notServed(connection, String(claims.email)),
    );
  const found = await findSignOnUser(tx, vault, judged.email);
  const settled =
    found === undefined
      ? await makeFrom(tx, needs, redeemed, judged.email)
      : await comeAgain(tx, needs, redeemed, found);
  const at = needs.clock.now();
  const { userId } = settled;
  const identity = { connectionId: connection.id, subject: subjectIndex(redeemed, subject), userId, at };
  // Who has the address now is not who was recognised by it: addresses are handed on.
  if (!(await insertIdentity(tx, identity))) throw new Problem('sso.subject_changed');
  const actor = { kind: 'user', id: userId } as const;
  const detail = { connection: connection.id };
  await record(tx, { at, actor, action: 'sso_identity.bound', object: { kind: 'user', id: userId }, detail });
  return settled;
}

async function makeFrom(tx: Tx, needs: SignOnNeeds, redeemed: Redeemed, email: string): Promise<Settled> {
  const { vault, connection, claims } = redeemed;
  if (!connection.makesUsers) throw new Problem('sso.user_unknown');
  const place = await placeOf(tx, redeemed);
  const userId = await makeSignOnUser(tx, needs, vault, { email, name: nameOf(claims, email), ...place });
  if (userId === undefined) throw new Problem('sso.user_unknown');
  return { userId, hasMoved: false };
}

/** Who is put into a department reaches no further. */
async function placeOf(tx: Tx, redeemed: Redeemed): Promise<SignOnPlace<LesserRole>> {
  const judged = judgePlace(redeemed.claims, termsOf(redeemed));
  if (judged.kind === 'refused') throw new Problem('sso.no_role');
  const { departmentId } = judged.place;
  if (departmentId === null && redeemed.connection.widestReach !== 'account') throw new Problem('sso.reach_missing');
  if (departmentId !== null && !(await hasDepartment(tx, departmentId))) throw new Problem('sso.department_gone');
  return judged.place;
}
