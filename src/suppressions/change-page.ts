/** What the account's unsubscribe page says beside our own words, read and changed. The audit log tells that, not what. */
import { record } from '../audit/index.ts';
import type { UnsubscribePageBody } from '../contract/unsubscribing.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { readPage, upsertPage } from './page-store.ts';

type Needs = Pick<World, 'db' | 'clock'>;

export const readUnsubscribePage = ({ db }: Needs, caller: Caller): Promise<UnsubscribePageBody> =>
  db.readAccount(caller.accountId, readPage);

export function changeUnsubscribePage(
  { db, clock }: Needs,
  caller: Caller,
  page: UnsubscribePageBody,
): Promise<UnsubscribePageBody> {
  const at = clock.now();
  return db.asAccount(caller.accountId, async (tx) => {
    await upsertPage(tx, page, at);
    const detail = { organisation: page.organisation !== null, words: page.words !== null };
    await record(tx, {
      at,
      actor: caller.actor,
      action: 'unsubscribe_page.changed',
      object: { kind: 'settings' },
      detail,
    });
    return page;
  });
}
