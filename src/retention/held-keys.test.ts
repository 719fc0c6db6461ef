/** The key of a day's addresses and agents stays while a hold may need it, and ends once none does. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ask } from '../../test/kit/api.ts';
import { type KeptMail, openKeptMail } from '../../test/kit/kept-mail.ts';
import { agents, hitsOf, storeVisits } from '../../test/kit/visits.ts';
import { accountVault } from '../accounts/index.ts';
import { listMessageEvents, readMessage } from '../contract/messages.ts';
import { releaseHold } from '../contract/retention.ts';
import { changeOutboundSettings } from '../contract/settings.ts';
import { destroyRequestKeys } from '../tracking/destroy-request-keys.ts';

const dayMs = 86_400_000;
let mail: KeptMail;
before(async () => {
  mail = await openKeptMail('2026-03-10T09:00:00Z');
  await ask(mail.api, changeOutboundSettings, mail.apiKey, { body: { keepRequestDays: 5 } });
});
after(() => mail.close());

async function sendOpened(ip: string): Promise<string> {
  const { world, accountId, apiKey, api } = mail;
  const messageId = await mail.send();
  const { recipients } = await ask(api, readMessage, apiKey, { params: { id: messageId } });
  const account = { accountId, vault: await accountVault(world, accountId) };
  const atMs = world.clock.now().getTime() + 60_000;
  world.clock.advance(120_000);
  const visits = [{ kind: 'open', atMs, ip, userAgent: agents.chrome }] as const;
  await storeVisits(world, account, hitsOf({ messageId }, recipients[0]?.id ?? '', visits));
  return messageId;
}

async function addressOf(id: string): Promise<string | null | undefined> {
  const { events } = await ask(mail.api, listMessageEvents, mail.apiKey, { params: { id } });
  return events.find(({ type }) => type === 'opened')?.request?.ip;
}

test('a day’s key stays for held mail of that day or before, which stays readable, and for nothing else', async () => {
  const { clock } = mail.world;
  const early = await sendOpened('192.0.2.1');
  clock.advance(dayMs);
  const held = await sendOpened('192.0.2.2');
  const beside = await sendOpened('192.0.2.3');
  const hold = await mail.hold({ kind: 'message', messageId: held });
  clock.advance(10 * dayMs);
  assert.equal(await destroyRequestKeys(mail.world), 1, 'of the day before the held message');
  assert.equal(await mail.count('request_keys'), 1);
  assert.deepEqual([await addressOf(early), await addressOf(held), await addressOf(beside)], [null, '192.0.2.2', null]);
  await ask(mail.api, releaseHold, mail.apiKey, { params: { id: hold.id }, body: { reason: 'Closed' } });
  assert.equal(await addressOf(held), null);
  assert.equal(await destroyRequestKeys(mail.world), 1);
  assert.equal(await addressOf(held), null);
});

test('not even a choice to keep none takes it while the account is held', async () => {
  const id = await sendOpened('192.0.2.4');
  const hold = await mail.hold({ kind: 'account' });
  await ask(mail.api, changeOutboundSettings, mail.apiKey, { body: { keepRequestDays: 0 } });
  assert.equal(await destroyRequestKeys(mail.world), 0);
  assert.equal(await addressOf(id), '192.0.2.4');
  await ask(mail.api, releaseHold, mail.apiKey, { params: { id: hold.id }, body: { reason: 'Closed' } });
  assert.equal(await destroyRequestKeys(mail.world), 1);
  assert.equal(await addressOf(id), null);
});
