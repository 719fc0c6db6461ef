/**
 * Works on one endpoint, held by a lease: gives the next events their numbers and tells them one after the other, so that
 * the order is kept. What failed alone is set aside and tried again on its own; while the endpoint itself fails, nothing
 * overtakes.
 */
import { raiseAlert } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { type AfterTry, afterTry, isOutage } from '../core/webhooks/after-try.ts';
import type { Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { openUrl, secretsInForce } from './describe-endpoint.ts';
import {
  assignNumbers,
  type ClaimedEndpoint,
  countWaiting,
  type Health,
  type HeldEndpoint,
  holdEndpoint,
  nextMessages,
  recordTry,
  releaseEndpoint,
  type TriedMessage,
} from './dispatch-store.ts';
import type { NumberedMessage } from './message-store.ts';
import { disableEndpoint } from './store.ts';
import type { Answered, Teller } from './tell-endpoint.ts';

export interface Dispatching {
  readonly world: Pick<World, 'db' | 'clock'>;
  readonly vault: AccountVault;
  readonly teller: Teller;
  readonly endpoint: ClaimedEndpoint;
  readonly lease: string;
  readonly leaseMs: number;
  readonly onTried: (outcome: string) => void;
}

/** So many wait at an endpoint with their numbers at most; the rest waits once for all endpoints. */
const mostWaiting = 100;
const mostLooked = 1_000;
const pageSize = 20;
/** Then others get a turn. */
const turnMs = 10_000;

type Page =
  | { readonly kind: 'go_on' }
  /** Null: until there is something to do. */
  | { readonly kind: 'rest'; readonly until: Date | null };

/** Until nothing is due, the endpoint is to be left alone, or its turn is over. */
export async function dispatchEndpoint(one: Dispatching, closing: AbortSignal): Promise<void> {
  const { world, endpoint, lease } = one;
  const endMs = performance.now() + turnMs;
  let page: Page = { kind: 'go_on' };
  while (page.kind === 'go_on' && !closing.aborted && performance.now() < endMs) page = await tellPage(one, closing);
  const nextAt = page.kind === 'rest' ? page.until : world.clock.now();
  await inAccount(one, (tx) => releaseEndpoint(tx, { endpointId: endpoint.id, lease, nextAt, now: world.clock.now() }));
}

const inAccount = <T>({ world, endpoint }: Dispatching, run: (tx: Tx) => Promise<T>): Promise<T> =>
  world.db.asAccount(endpoint.accountId, run);

async function tellPage(one: Dispatching, closing: AbortSignal): Promise<Page> {
  const loaded = await inAccount(one, (tx) => loadPage(tx, one));
  if (loaded === undefined) return { kind: 'rest', until: null };
  const { held, messages, passed } = loaded;
  let health: Health = { isEnabled: true, failures: held.failures, failingSince: held.failingSince };
  for (const message of messages) {
    if (closing.aborted) break;
    const tried = await tellOne(one, held, message, health);
    if (tried.kind === 'rest') return tried;
    health = tried.health;
  }
  return messages.length > 0 || passed > 0 ? { kind: 'go_on' } : { kind: 'rest', until: null };
}

interface LoadedPage {
  readonly held: HeldEndpoint;
  readonly messages: readonly NumberedMessage[];
  /** Events that the endpoint has come past. */
  readonly passed: number;
}

async function loadPage(tx: Tx, one: Dispatching): Promise<LoadedPage | undefined> {
  const { endpoint, lease, world } = one;
  const now = world.clock.now();
  const held = await holdEndpoint(tx, endpoint.id, lease, leasedUntil(one, now));
  if (held === undefined) return undefined;
  const isInOutage = isOutage(held.failures);
  // In an outage only what is tried next needs a number.
  const free = (isInOutage ? 1 : mostWaiting) - (await countWaiting(tx, endpoint.id, mostWaiting));
  const passed =
    free <= 0 ? 0 : await assignNumbers(tx, { endpointId: endpoint.id, held, most: free, looked: mostLooked, now });
  const most = isInOutage ? 1 : pageSize;
  const messages = await nextMessages(tx, { endpointId: endpoint.id, now, isOutage: isInOutage, most });
  return { held, messages: isInOutage ? messages.slice(0, 1) : messages, passed };
}

const leasedUntil = ({ leaseMs }: Dispatching, now: Date): Date => new Date(now.getTime() + leaseMs);

type OneTold = { readonly kind: 'told'; readonly health: Health } | Extract<Page, { kind: 'rest' }>;

async function tellOne(
  one: Dispatching,
  held: HeldEndpoint,
  message: NumberedMessage,
  health: Health,
): Promise<OneTold> {
  const { world, vault, teller } = one;
  const at = world.clock.now();
  const began = performance.now();
  const answer = await teller.tell({
    url: openUrl(vault, held.urlSealed),
    secrets: secretsInForce(vault, held, at),
    id: message.eventId,
    body: bodyOf(message),
    at,
  });
  one.onTried(answer.outcome);
  const durationMs = Math.round(performance.now() - began);
  const { failures, failingSince } = health;
  const { tries, firstTriedAt } = message;
  const after = afterTry(
    { ...answer, at: world.clock.now(), chance: Math.random() },
    { tries, firstTriedAt, failures, failingSince },
  );
  const is = await inAccount(one, (tx) => write(tx, one, message, { answer, after, at, durationMs }));
  if (is === undefined || !is.isEnabled || after.kind === 'disabled') return { kind: 'rest', until: null };
  const pauseUntil = after.kind === 'delivered' ? null : after.pauseUntil;
  return pauseUntil === null ? { kind: 'told', health: is } : { kind: 'rest', until: pauseUntil };
}

/** What crosses the wire; ids and kinds only (docs/webhooks.md). */
const bodyOf = ({ type, occurredAt, sequence, data }: NumberedMessage): string =>
  JSON.stringify({ type, timestamp: occurredAt.toISOString(), sequence, data });

interface Came {
  readonly answer: Answered;
  readonly after: AfterTry;
  readonly at: Date;
  readonly durationMs: number;
}

async function write(
  tx: Tx,
  one: Dispatching,
  message: NumberedMessage,
  { answer, after, at, durationMs }: Came,
): Promise<Health | undefined> {
  const { endpoint, lease, world } = one;
  const now = world.clock.now();
  const tried: TriedMessage = {
    attemptId: newId(at),
    endpointId: endpoint.id,
    lease,
    leasedUntil: leasedUntil(one, now),
    sequence: message.sequence,
    at,
    outcome: answer.outcome,
    status: answer.status,
    durationMs,
    state: after.kind === 'delivered' || after.kind === 'given_up' ? after.kind : 'waiting',
    dueAt: after.kind === 'again' ? after.dueAt : at,
    endsOutage: after.kind === 'delivered' && after.endsOutage,
  };
  const health = await recordTry(tx, tried);
  if (after.kind === 'disabled' && health?.isEnabled) await switchOff(tx, endpoint.id, after.because, now);
  return health;
}

async function switchOff(tx: Tx, id: string, because: 'gone' | 'failing', at: Date): Promise<void> {
  await disableEndpoint(tx, id, because, at);
  await raiseAlert(tx, { at, what: 'webhook_disabled', userId: null, detail: { webhookId: id, because } });
  const actor = { kind: 'system', id: 'webhooks' } as const;
  await record(tx, { at, actor, action: 'webhook.disabled', object: { kind: 'webhook', id }, detail: { because } });
}
