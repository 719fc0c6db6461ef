/** The person behind a caller. API keys and installation links are nobody in particular, so they neither open nor review. */
import { Problem } from '../contract/problem.ts';
import type { Caller } from '../platform/route.ts';

export function personOf({ session }: Caller): { readonly sessionId: string; readonly userId: string } {
  const userId = session?.userId ?? null;
  if (session === undefined || userId === null) throw new Problem('emergency.needs_person');
  return { sessionId: session.id, userId };
}
