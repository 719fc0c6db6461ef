/**
 * A provider's webhook call: finds whose connection its address is, asks for proof, takes what it tells. Without proof
 * nothing is stored but the refusal, and of many refusals not each.
 */
import { accountVault } from '../accounts/index.ts';
import { Problem, type ProblemCode } from '../contract/problem.ts';
import type { TakenProviderEvents } from '../contract/providers.ts';
import type { ProviderName } from '../core/providers/provider-event.ts';
import { field } from '../core/providers/read-fields.ts';
import { type RateLimit, rateLimit } from '../platform/rate-limit.ts';
import type { Actor } from '../platform/route.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { checkCall } from './check-call.ts';
import { addressOfConnection, openSecret, sealSecret } from './connections.ts';
import type { ProviderAccount } from './copies.ts';
import type { KeepingWorld } from './keep-events.ts';
import { parseBody } from './parse-body.ts';
import type { ConnectionSecret, Proof, ProviderCall } from './proof.ts';
import { isEnvelope, type Sns, topicOf } from './sns.ts';
import { type ConnectionRow, findConnectionAccount, findConnectionRow, noteCall, updateConnection } from './store.ts';
import { takePayload } from './take-payload.ts';

export interface Desk {
  readonly world: World & KeepingWorld;
  readonly publicUrl: string | undefined;
  readonly sns: Sns;
  readonly refusals: RateLimit;
}

/** Refusals are written down so that somebody can see what is wrong, not so that a stranger can write. */
export const refusalLimit = (): RateLimit => rateLimit({ tries: 30, windowMs: 60_000 });

export interface WebhookRequest {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly rawBody: Uint8Array;
}

interface OpenConnection {
  readonly account: ProviderAccount;
  readonly row: ConnectionRow;
  readonly secret: ConnectionSecret;
}

export async function receiveEvents(desk: Desk, id: string, request: WebhookRequest): Promise<TakenProviderEvents> {
  const connection = await openConnection(desk, await accountOf(desk, id), id);
  const actor: Actor = { kind: 'system', id: `provider-connection ${id}` };
  return takeProven(desk, connection, request, actor, false);
}

/** With an API key, which is proof enough where the call is not signed; for a connection of the caller's own account. */
export async function importForConnection(
  desk: Desk,
  caller: { readonly accountId: string; readonly actor: Actor },
  id: string,
  request: WebhookRequest & { readonly provider: ProviderName | undefined },
): Promise<TakenProviderEvents> {
  const connection = await openConnection(desk, caller.accountId, id);
  if (request.provider !== undefined && request.provider !== connection.row.provider)
    throw new Problem('provider.payload_unknown');
  return takeProven(desk, connection, request, caller.actor, true);
}

export async function accountOf({ world }: Pick<Desk, 'world'>, id: string): Promise<string> {
  const accountId = await findConnectionAccount(world.db, id);
  if (accountId === undefined) throw new Problem('connection.not_found');
  return accountId;
}

async function openConnection({ world }: Desk, accountId: string, id: string): Promise<OpenConnection> {
  const row = await world.db.readAccount(accountId, (tx) => findConnectionRow(tx, id));
  if (row === undefined) throw new Problem('connection.not_found');
  const vault: AccountVault = await accountVault(world, accountId);
  return { account: { accountId, vault }, row, secret: openSecret(vault, row.secretSealed) };
}

async function takeProven(
  desk: Desk,
  connection: OpenConnection,
  { headers, rawBody }: WebhookRequest,
  actor: Actor,
  hasApiKey: boolean,
): Promise<TakenProviderEvents> {
  const { row, secret, account } = connection;
  const { payload, form } = parseBody(rawBody, headers['content-type']);
  const call: ProviderCall = { headers, rawBody, payload, form, addresses: addressesOf(desk, row.id, headers) };
  const proof = await checkCall(desk.sns, row.provider, secret, call, desk.world.clock.now().getTime());
  const source = { provider: row.provider, payload, actor, connectionId: row.id };
  if (proof.kind === 'missing' && hasApiKey) return takePayload(desk.world, account, source);
  if (proof.kind !== 'proven') return refuse(desk, connection, proof, asksForChallenge(headers));
  if (row.provider === 'ses' && isEnvelope(payload)) await answerSns(desk, connection, payload);
  const { once } = proof;
  return takePayload(desk.world, account, once === undefined ? source : { ...source, once });
}

/** The address as we gave it, and as the call found it: behind a proxy the two may differ, and both are ours. */
function addressesOf({ publicUrl }: Desk, id: string, headers: WebhookRequest['headers']): string[] {
  const host = headers.host ?? '';
  return [...(publicUrl === undefined ? [] : [publicUrl]), `https://${host}`, `http://${host}`].map((base) =>
    addressOfConnection(base, id),
  );
}

/** The first topic that proves itself is the connection's for good; a subscription to it is what the account asked for. */
async function answerSns({ world, sns }: Desk, connection: OpenConnection, envelope: object): Promise<void> {
  const { account, row, secret } = connection;
  if (!isEnvelope(envelope)) return;
  if (field(envelope, 'Type') === 'SubscriptionConfirmation' && !(await sns.confirm(envelope)))
    throw new Problem('server.unavailable'); // Amazon asks again
  if (secret.key !== null) return;
  const secretSealed = sealSecret(account.vault, { ...secret, key: topicOf(envelope) });
  await world.db.asAccount(account.accountId, (tx) =>
    updateConnection(tx, row.id, { name: row.name, secretSealed, hasKey: true }),
  );
}

type Refused = Exclude<Proof, { readonly kind: 'proven' }>;

const problems: Readonly<Record<Refused['kind'], ProblemCode>> = {
  missing: 'provider.signature_missing',
  invalid: 'provider.signature_invalid',
  expired: 'provider.signature_expired',
};

/** A call without any proof may be the first half of one with a password: it is answered, however many come. */
async function refuse(
  desk: Desk,
  { account, row }: OpenConnection,
  { kind, why }: Refused,
  isQuestion: boolean,
): Promise<never> {
  if (isQuestion) throw new Problem(problems[kind]);
  if (desk.refusals.waitMs(row.id) > 0)
    throw new Problem(kind === 'missing' ? problems.missing : 'request.rate_limited');
  const news = { at: desk.world.clock.now(), accepted: 0, duplicates: 0, ignored: 0, refused: 1, refusal: why };
  await desk.world.db.asAccount(account.accountId, (tx) => noteCall(tx, row.id, false, news));
  throw new Problem(problems[kind]);
}

/** https://docs.aws.amazon.com/sns/latest/dg/sns-subscribe-https-s-endpoints-to-topic.html: it asks before it says its password. */
const asksForChallenge = (headers: WebhookRequest['headers']): boolean =>
  headers['x-amz-sns-rawdelivery'] === 'true' && headers.authorization === undefined;
