/**
 * Stores a provider's events as what they are: messages, recipients, deliveries, opens and clicks, judged like our own. An
 * event that came before stores nothing; in which order events come changes no number. It checks no signature.
 */
import type { Networks } from '@waxwing/verdict';
import { Problem } from '../contract/problem.ts';
import type { ProviderEvent, ProviderName } from '../core/providers/provider-event.ts';
import { dayOf } from '../core/report/days.ts';
import {
  holdKeyedMessages,
  type KeyedMessage,
  lockRecipients,
  recordAccepted,
  recordDeliveries,
} from '../events/index.ts';
import { factsAlone, type NetworksInUse } from '../networks/index.ts';
import type { Tx } from '../platform/database.ts';
import type { World } from '../platform/world.ts';
import { rejudgeRecipients, storeToldHits, type ToldHit } from '../tracking/index.ts';
import { type Copy, copiesOf, derivedUuid, type IdentifiedEvent, identified, type ProviderAccount } from './copies.ts';
import { createMessages } from './create-messages.ts';
import { outcomesOf } from './outcomes.ts';
import { type LinkIndexes, placeCopies } from './place-copies.ts';
import { type EventPlan, planEvents } from './plan-events.ts';
import type { OnceOnly } from './proof.ts';
import { takeEvents } from './store.ts';

export interface KeepingWorld extends Pick<World, 'db' | 'clock'> {
  /** What opens and clicks are judged by; default: the facts that come with the ruleset. */
  readonly networks?: NetworksInUse | undefined;
}

export interface KeptEvents {
  readonly accepted: number;
  readonly duplicates: number;
}

/** Of one transaction: a call with more is stored in several, and comes again whole if one of them fails. */
const eventsPerTransaction = 1_000;

export async function keepEvents(
  world: KeepingWorld,
  keys: ProviderAccount,
  provider: ProviderName,
  events: readonly ProviderEvent[],
  once?: OnceOnly,
): Promise<KeptEvents> {
  const all = identified(keys, provider, events);
  let accepted = 0;
  for (let from = 0; from < all.length; from += eventsPerTransaction) {
    const plan = await planEvents(world.db, keys, provider, all.slice(from, from + eventsPerTransaction));
    const now = world.clock.now();
    accepted += await patiently(() =>
      world.db.asAccount(keys.accountId, async (tx) => {
        if (once !== undefined) await claimToken(tx, keys, once);
        return storeEvents(tx, plan, now, (world.networks ?? factsAlone).current());
      }),
    );
  }
  return { accepted, duplicates: all.length - accepted };
}

async function storeEvents(tx: Tx, plan: EventPlan, now: Date, networks: Networks): Promise<number> {
  const { keys, provider, timeZone } = plan;
  const fresh = await freshEvents(tx, plan);
  const copies = copiesOf(keys, provider, fresh);
  const created = await createMessages(tx, plan, copies);
  await recordAccepted(tx, ...created.map((message) => ({ ...message, accountId: keys.accountId, timeZone })));
  const recipients = await lockRecipients(
    tx,
    keys,
    copies.map((copy) => copy.recipientId),
  );
  const ours = copies.filter((copy) => recipients.has(copy.recipientId));
  const messages = await holdKeyedMessages(
    tx,
    keys,
    ours.map((copy) => copy.messageId),
  );
  const known = withoutErasedNames(messages, ours);
  const links = await placeCopies(tx, plan, recipients, known);
  const { hitBefore } = await recordDeliveries(tx, keys, outcomesOf(provider, { recipients, messages }, known));
  const hits = [...known.flatMap((copy) => hitsOf(copy, links)), ...fresh.flatMap((one) => hitOfNobody(plan, one))];
  if (hits.length > 0) await storeToldHits(tx, keys, hits, now, networks);
  const judged = new Set(hits.flatMap(({ subject }) => ('recipientId' in subject ? [subject.recipientId] : [])));
  const toJudge = hitBefore.filter((id) => !judged.has(id));
  if (toJudge.length > 0) await rejudgeRecipients(tx, keys, toJudge, now, networks);
  return fresh.length;
}

async function freshEvents(tx: Tx, { events }: EventPlan): Promise<IdentifiedEvent[]> {
  const isFresh = new Set(
    await takeEvents(
      tx,
      events.map(({ id }) => id),
    ),
  );
  // The same event twice in one call is fresh once.
  return events.filter(({ id }) => isFresh.delete(id));
}

/** A server's answer names people; who was erased stays so. Of opens and clicks the tracking area keeps as little itself. */
function withoutErasedNames(messages: ReadonlyMap<string, KeyedMessage>, copies: readonly Copy[]): Copy[] {
  const unnamed = ({ id, event }: IdentifiedEvent): IdentifiedEvent => ({
    id,
    event: { ...event, reply: null, mx: null },
  });
  return copies.map((copy) =>
    messages.get(copy.messageId)?.isErased === true ? { ...copy, events: copy.events.map(unnamed) } : copy,
  );
}

const isHit = (kind: ProviderEvent['kind']): kind is 'open' | 'click' => kind === 'open' || kind === 'click';

function hitsOf(copy: Copy, links: LinkIndexes): ToldHit[] {
  const { messageId, recipientId } = copy;
  return copy.events.flatMap(({ id, event }) =>
    isHit(event.kind)
      ? [
          {
            ...factsOf(id, event.kind, event),
            linkIndex: links(messageId, event.url),
            subject: { messageId, recipientId },
          },
        ]
      : [],
  );
}

/** An open or click of whom the provider did not say: counted with its campaign, and with nobody. */
function hitOfNobody({ dimensionOf, timeZone }: EventPlan, { id, event }: IdentifiedEvent): ToldHit[] {
  if (event.recipient !== null || !isHit(event.kind)) return [];
  const day = dayOf(timeZone, new Date(event.sentAtMs ?? event.atMs));
  const subject = { campaignId: dimensionOf('campaign', event.campaign), day };
  return [{ ...factsOf(id, event.kind, event), linkIndex: null, subject }];
}

const factsOf = (id: string, kind: 'open' | 'click', { atMs, ip, userAgent, says }: ProviderEvent) => ({
  id,
  kind,
  atMs,
  ip,
  userAgent,
  says,
});

/** What proves no body proves one body only: the first it came with, which may come again. */
async function claimToken(tx: Tx, keys: ProviderAccount, { token, bodyHash }: OnceOnly): Promise<void> {
  const ofToken = derivedUuid(keys, 'provider.token', token);
  const ofBody = derivedUuid(keys, 'provider.token-body', token, bodyHash);
  const fresh = await takeEvents(tx, [ofToken, ofBody]);
  if (!fresh.has(ofToken) && fresh.has(ofBody)) throw new Problem('provider.signature_replayed');
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html: deadlock_detected */
const deadlock = '40P01';
const tries = 4;

/** Recipients are locked by their own events and by others' of the same source: two calls may meet crosswise. */
async function patiently<T>(run: () => Promise<T>): Promise<T> {
  for (let left = tries - 1; ; left--) {
    try {
      return await run();
    } catch (error) {
      if (left === 0 || (error as { code?: unknown }).code !== deadlock) throw error;
    }
  }
}
