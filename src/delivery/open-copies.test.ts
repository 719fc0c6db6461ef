import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { createTestAccount } from '../../test/kit/account.ts';
import { type QueuedMessage, queueMessage } from '../../test/kit/queued-message.ts';
import { type TestWorld, testWorld } from '../../test/kit/world.ts';
import { instrument } from '../core/message/instrument.ts';
import { readMessage } from '../core/message/read-message.ts';
import type { Claimed } from './claim-store.ts';
import { type CopyLoader, openCopyLoader } from './open-copies.ts';
import type { OpenMessage } from './opened-messages.ts';

const octets = Buffer.from('From: care@clinic.example\r\nSubject: x\r\n\r\nHello\r\n');

let world: TestWorld;
let owner: pg.Client;
let accountId: string;

before(async () => {
  world = await testWorld();
  owner = new pg.Client(world.database.connection);
  await owner.connect();
  accountId = (await createTestAccount(world)).accountId;
});
after(async () => {
  await owner.end();
  await world.close();
});

function justAccepted(): OpenMessage {
  const read = readMessage(octets);
  if ('code' in read) throw new Error('the test message is refused');
  const envelopeFrom = 'care@clinic.example';
  return {
    header: { subject: 'x', from: envelopeFrom, envelopeFrom, tags: [], ownTo: false, minimumTransport: 'plain' },
    content: octets,
    plan: instrument(read, { opens: false, clicks: false }),
    letter: null,
  };
}

const queue = (to: readonly string[]): Promise<QueuedMessage> => queueMessage(world, { accountId, to, octets });

/** Whoever reads the stored content finds none. */
const loseContent = ({ messageId }: QueuedMessage) =>
  owner.query('DELETE FROM message_contents WHERE message_id = $1', [messageId]);

async function kindsOf(loader: CopyLoader, { messageId, recipientIds }: QueuedMessage): Promise<string[]> {
  const now = world.clock.now();
  const claimed = recipientIds.map(
    (recipientId): Claimed => ({
      ...{ accountId, messageId, recipientId, domainId: 1, campaignId: 0, attempts: 0 },
      ...{ firstDueAt: now, leaseEnd: new Date(now.getTime() + 20_000) },
    }),
  );
  return (await loader.load(accountId, claimed)).copies.map(({ kind }) => kind);
}

test('what was just accepted is not read back for its first copies', async () => {
  const loader = openCopyLoader(world, 1_000_000);
  const queued = await queue(['ana@example.org', 'bo@example.org']);
  loader.remember(queued.messageId, justAccepted());
  await loseContent(queued);
  assert.deepEqual(await kindsOf(loader, queued), ['ready', 'ready']);
  assert.deepEqual(await kindsOf(openCopyLoader(world, 1_000_000), queued), ['unreadable', 'unreadable']);
});

test('a message to one recipient is remembered no longer than for its first attempt', async () => {
  const loader = openCopyLoader(world, 1_000_000);
  const queued = await queue(['ana@example.org']);
  loader.remember(queued.messageId, justAccepted());
  await loseContent(queued);
  assert.deepEqual(await kindsOf(loader, queued), ['ready']);
  assert.deepEqual(await kindsOf(loader, queued), ['unreadable']);
});

test('what is remembered does not go out once it was erased', async () => {
  const loader = openCopyLoader(world, 1_000_000);
  const queued = await queue(['ana@example.org']);
  loader.remember(queued.messageId, justAccepted());
  await owner.query('DELETE FROM message_keys WHERE message_id = $1', [queued.messageId]);
  assert.deepEqual(await kindsOf(loader, queued), ['unreadable'], 'restored without its key: it stays in sight');
  await owner.query('UPDATE messages SET erased_at = now() WHERE id = $1', [queued.messageId]);
  assert.deepEqual(await kindsOf(loader, queued), ['gone']);
});

test('no more is remembered than there is room for, the newest first', async () => {
  const loader = openCopyLoader(world, octets.length + 5_000); // with what stands beside the content, one
  const older = await queue(['ana@example.org']);
  const newer = await queue(['bo@example.org']);
  for (const queued of [older, newer]) {
    loader.remember(queued.messageId, justAccepted());
    await loseContent(queued);
  }
  assert.deepEqual(await kindsOf(loader, newer), ['ready']);
  assert.deepEqual(await kindsOf(loader, older), ['unreadable']);
});
