import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, it } from 'node:test';
import { acceptMail, type TestAccount, testKeys } from '../../test/kit/mail.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { loadHits } from '../events/index.ts';
import { storeToldHits, type ToldHit } from './index.ts';

const dayMs = 86_400_000;
const links = Array.from({ length: 6 }, (_, n) => `https://clinic.example/${n}`);

let world: TestWorld;
let account: TestAccount;
before(async () => {
  world = await testWorld();
  account = await testKeys(world);
});
after(() => world.close());

it('hits told of from before our acceptance are judged together with those that follow', async () => {
  const acceptedAt = world.clock.now();
  const { messageId, recipientIds } = await acceptMail(world, account, {
    to: ['ana@clinic.example'],
    links,
    acceptedAt,
  });
  const recipientId = recipientIds[0] ?? '';
  const click = (link: number): ToldHit => ({
    id: randomUUID(),
    kind: 'click',
    atMs: acceptedAt.getTime() - dayMs + link * 100,
    linkIndex: link,
    ip: '198.51.100.200',
    userAgent: 'Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0',
    says: null,
    subject: { messageId, recipientId },
  });
  const store = (hits: readonly ToldHit[]) =>
    world.db.asAccount(account.accountId, (tx) => storeToldHits(tx, account, hits, world.clock.now()));
  const verdicts = async (): Promise<string[]> => {
    const since = new Date(0);
    const hits = await world.db.readAccount(account.accountId, (tx) =>
      loadHits(tx, account, [recipientId], { since, hitsPerRecipient: 10 }),
    );
    return (hits.get(recipientId) ?? []).map(({ verdict }) => verdict.verdict);
  };
  await store([click(0)]);
  assert.deepEqual(await verdicts(), ['human']);
  await store(links.slice(1).map((_, at) => click(at + 1)));
  assert.deepEqual(
    await verdicts(),
    links.map(() => 'automated'),
  );
});
