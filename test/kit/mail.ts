/** Mail that was accepted, delivered and fetched, told to the events area as the program tells it. */
import { randomBytes, randomUUID } from 'node:crypto';
import { accountVault } from '../../src/accounts/index.ts';
import { encodeStoredHeader } from '../../src/core/delivery/stored-header.ts';
import {
  type AccountKeys,
  type AnonymousHit,
  campaignNumber,
  type DeliveryOutcome,
  dimensionIds,
  type HitVerdict,
  type JudgedHit,
  linkSetId,
  loadHits,
  lockRecipients,
  type Revision,
  recordAccepted,
  recordDeliveries,
  recordHits,
} from '../../src/events/index.ts';
import { sql } from '../../src/platform/database.ts';
import type { World } from '../../src/platform/world.ts';
import { createTestAccount } from './account.ts';
import { keysOfRecipient } from './message-keys.ts';

export interface Mail {
  readonly campaign?: string;
  readonly departmentId?: string;
  readonly sender?: string;
  readonly links?: readonly string[];
  readonly to: readonly string[];
  readonly acceptedAt: Date | string;
  readonly timeZone?: string;
}

export interface SentMail {
  readonly messageId: string;
  readonly recipientIds: readonly string[];
}

export interface TestAccount extends AccountKeys {
  readonly apiKey: string;
}

export async function testKeys(world: World, name?: string): Promise<TestAccount> {
  const { accountId, apiKey } = await createTestAccount(world, name);
  return { accountId, apiKey, vault: await accountVault(world, accountId) };
}

/** The message's own rows, as sending writes them, and what events makes of them. */
export async function acceptMail(world: World, keys: AccountKeys, mail: Mail): Promise<SentMail> {
  const { accountId } = keys;
  const acceptedAt = new Date(mail.acceptedAt);
  const domains = mail.to.map((address) => address.slice(address.lastIndexOf('@') + 1));
  const [senderId = 0, ...domainIds] = await dimensionIds(world.db, keys, [
    { kind: 'sender', value: mail.sender ?? 'care@clinic.example' },
    ...domains.map((value) => ({ kind: 'domain' as const, value })),
  ]);
  const departmentId = mail.departmentId ?? null;
  const campaignId = await campaignNumber(world.db, keys, mail.campaign ?? null, departmentId);
  const links = mail.links ?? [];
  const message = {
    departmentId,
    messageId: randomUUID(),
    acceptedAt,
    senderId,
    campaignId,
    linkSetId: await linkSetId(world.db, keys, links),
  };
  const recipients = domainIds.map((domainId) => ({ recipientId: randomUUID(), domainId }));
  await storeMessage(world, keys, { ...message, links, to: mail.to, recipients });
  await world.db.asAccount(accountId, (tx) =>
    recordAccepted(tx, { ...message, accountId, timeZone: mail.timeZone ?? 'UTC', recipients }),
  );
  return { messageId: message.messageId, recipientIds: recipients.map(({ recipientId }) => recipientId) };
}

interface StoredMail {
  readonly departmentId: string | null;
  readonly messageId: string;
  readonly acceptedAt: Date;
  readonly senderId: number;
  readonly campaignId: number;
  readonly linkSetId: number;
  readonly links: readonly string[];
  readonly to: readonly string[];
  readonly recipients: readonly { readonly recipientId: string }[];
}

async function storeMessage(world: World, { accountId }: AccountKeys, mail: StoredMail): Promise<void> {
  const { keySealed, sealer } = (await accountVault(world, accountId)).newMessageKey();
  const header = encodeStoredHeader({
    subject: 'Your results',
    from: 'Clinic <care@clinic.example>',
    envelopeFrom: 'care@clinic.example',
    tags: ['care'],
    ownTo: true,
    minimumTransport: 'opportunistic',
  });
  const addresses = mail.to.map((address) => sealer.seal('recipient.address', address));
  await world.db.asAccount(accountId, async (tx) => {
    await tx.query(sql`
      INSERT INTO messages (account_id, id, accepted_at, submitted_by, department_id, campaign_id, sender_id, link_set_id,
                            link_count, recipient_count, size_bytes, header_sealed, links_sealed)
      VALUES (${accountId}, ${mail.messageId}, ${mail.acceptedAt}, 'rest', ${mail.departmentId}, ${mail.campaignId}, ${mail.senderId},
              ${mail.linkSetId}, ${mail.links.length}, ${mail.to.length}, 1000,
              ${sealer.seal('message.header', header)},
              ${sealer.seal('message.links', JSON.stringify(mail.links))})`);
    await tx.query(sql`
      INSERT INTO message_keys (account_id, message_id, key_sealed) VALUES (${accountId}, ${mail.messageId}, ${keySealed})`);
    await tx.query(sql`
      INSERT INTO recipients (account_id, id, message_id, position, address_sealed, address_index, handle, tracking_level,
                              track_opens, track_clicks)
      SELECT ${accountId}, id, ${mail.messageId}, position - 1, address, handle, handle, 'identified', true, true
        FROM unnest(${mail.recipients.map(({ recipientId }) => recipientId)}::uuid[], ${addresses}::bytea[],
                    ${addresses.map(() => randomBytes(8))}::bytea[]) WITH ORDINALITY AS r (id, address, handle, position)`);
  });
}

/** With the keys of their messages, as delivery has them open. */
export async function deliverMail(world: World, keys: AccountKeys, outcomes: readonly DeliveryOutcome[]) {
  const withKeys: DeliveryOutcome[] = [];
  for (const outcome of outcomes) {
    const { message } = await keysOfRecipient(world, keys.accountId, outcome.recipientId);
    withKeys.push({ sealer: message, ...outcome });
  }
  return world.db.asAccount(keys.accountId, (tx) => recordDeliveries(tx, keys, withKeys));
}

export const delivered = (recipientId: string, at: Date | string): DeliveryOutcome => ({
  recipientId,
  kind: 'delivered',
  at: new Date(at),
  detail: { host: 'mx.example.net', reply: '250 2.0.0 ok', why: 'accepted' },
  via: 'mx',
  gatewayMx: { host: 'mx.example.net', source: 'delivery' },
});

export type Opinion = Pick<HitVerdict, 'verdict' | 'strength'> & Partial<HitVerdict>;
export const person: Opinion = { verdict: 'human', strength: 'probable' };
export const suspect: Opinion = { verdict: 'human', strength: 'suspected' };
export const probableMachine: Opinion = { verdict: 'automated', strength: 'probable' };
export const machine: Opinion = { verdict: 'automated', strength: 'certain' };
export const prefetch: Opinion = { ...machine, actor: 'apple-mpp', unknowable: true };

export const verdictOf = (opinion: Opinion, at: Date): HitVerdict => ({
  actor: opinion.verdict === 'human' ? 'browser' : 'microsoft-safelinks',
  unknowable: false,
  reasons: [{ rule: 'test.rule', text: 'Because the test says so.' }],
  ruleset: 'test',
  judgedAt: at,
  settlesAt: new Date(at.getTime() + 900_000),
  ...opinion,
});

export interface Fetch {
  readonly id?: string;
  readonly messageId: string;
  readonly recipientId: string;
  readonly at: Date | string;
  /** A click's link; without it an open. */
  readonly link?: number;
  readonly by: Opinion;
}

export function hitOf(fetch: Fetch): JudgedHit {
  const occurredAt = new Date(fetch.at);
  return {
    id: fetch.id ?? randomUUID(),
    kind: fetch.link === undefined ? 'open' : 'click',
    occurredAt,
    messageId: fetch.messageId,
    recipientId: fetch.recipientId,
    linkIndex: fetch.link ?? null,
    sourceKey: Buffer.from('0123456789abcdef', 'hex'),
    detail: {
      request: { method: 'GET', token: 'valid', ip: '192.0.2.7', userAgent: 'Mozilla/5.0 (invented)' },
      evidence: { network: 'residential' },
    },
    verdict: verdictOf(fetch.by, occurredAt),
  };
}

/** What the drain does: lock, then record, with earlier hits revised as asked. */
export function fetchMail(
  world: World,
  keys: AccountKeys,
  hits: readonly JudgedHit[],
  more: { readonly revise?: readonly Revision[]; readonly anonymous?: readonly AnonymousHit[] } = {},
) {
  const { revise = [], anonymous = [] } = more;
  const counted = anonymous.flatMap((hit) => ('recipientId' in hit ? [hit.recipientId] : []));
  const ids = [...[...hits, ...revise.map(({ hit }) => hit)].map((hit) => hit.recipientId), ...counted];
  return world.db.asAccount(keys.accountId, async (tx) => {
    const recipients = await lockRecipients(tx, keys, ids);
    return recordHits(tx, keys, { recipients, hits, revisions: revise, anonymous, recordedAt: world.clock.now() });
  });
}

/** As the judge sees the past: under the lock, revised by what `rethink` gives. */
export function rejudgeMail(
  world: World,
  keys: AccountKeys,
  recipientIds: readonly string[],
  rethink: (hit: JudgedHit) => HitVerdict,
  runId?: string,
) {
  return world.db.asAccount(keys.accountId, async (tx) => {
    const recipients = await lockRecipients(tx, keys, recipientIds);
    const known = await loadHits(tx, keys, recipientIds, { since: new Date(0), hitsPerRecipient: 1000 });
    const revisions = [...known.values()].flat().map((hit) => ({ hit, verdict: rethink(hit) }));
    const batch = { recipients, hits: [], revisions, anonymous: [], recordedAt: world.clock.now() };
    return recordHits(tx, keys, runId === undefined ? batch : { ...batch, runId });
  });
}

/** A department of the account, below another one or at the top. */
export async function addDepartment(
  world: World,
  { accountId }: AccountKeys,
  name: string,
  parentId?: string,
): Promise<string> {
  const id = randomUUID();
  await world.db.asAccount(accountId, (tx) =>
    tx.query(sql`
      INSERT INTO departments (account_id, id, name, parent_id, created_at)
      VALUES (${accountId}, ${id}, ${name}, ${parentId ?? null}, ${world.clock.now()})`),
  );
  return id;
}
