/** Ends a proof within a session: the same person, asked anew by the same provider, after this proof was begun. */
import { type OpenedSession, proveBySignOn } from '../accounts/index.ts';
import { Problem } from '../contract/problem.ts';
import { hasSecondFactor } from '../core/access/sign-on-claims.ts';
import type { Caller } from '../platform/route.ts';
import { type FinishNeeds, noted, subjectIndex } from './finish-sign-on.ts';
import type { Flow } from './flow-cookie.ts';
import { clockToleranceSeconds } from './provider.ts';
import { redeemAnswer } from './redeem-answer.ts';
import { readSignOnSession } from './store.ts';

export async function proveAgain(
  needs: FinishNeeds,
  flow: Flow | undefined,
  brought: { readonly connectionId: string; readonly response: string },
  caller: Caller,
): Promise<OpenedSession> {
  const sessionId = caller.session?.id;
  const meant = sessionId !== undefined && flow?.sessionId === sessionId ? flow : undefined;
  const proved = await noted(needs, meant, async () => {
    const redeemed = await redeemAnswer(needs, meant, brought);
    const { accountId, vault, connection, claims, authenticatedAtMs } = redeemed;
    if (accountId !== caller.accountId || sessionId === undefined || meant === undefined)
      throw new Problem('sso.wrong_person');
    if (!hasSecondFactor(claims, connection)) throw new Problem('sso.second_factor_missing');
    // Without a time the provider may have asked nobody.
    const earliestMs = meant.startedAtMs - clockToleranceSeconds * 1_000;
    if (authenticatedAtMs === null || authenticatedAtMs < earliestMs) throw new Problem('sso.not_fresh');
    return needs.db.asAccount(accountId, async (tx) => {
      const opened = await readSignOnSession(tx, sessionId);
      const isSame =
        opened?.connectionId === connection.id && opened.subject.equals(subjectIndex(redeemed, redeemed.subject));
      if (!isSame) throw new Problem('sso.wrong_person');
      return proveBySignOn(tx, needs, vault, caller);
    });
  });
  if (sessionId !== undefined) needs.forget(sessionId);
  return proved;
}
