/** What tests of webhooks share: an account with an endpoint, mail that something happens to, and what the receiver got. */
import assert from 'node:assert/strict';
import { Webhook } from 'standardwebhooks';
import {
  changeWebhookEndpoint,
  createWebhookEndpoint,
  listWebhookDeliveries,
  readWebhookEndpoint,
} from '../../src/contract/webhooks.ts';
import type { Running } from '../../src/platform/world.ts';
import { startWebhooks, webhookRoutes } from '../../src/webhooks/index.ts';
import { ask, startApi, type TestApi } from './api.ts';
import { acceptMail, delivered, deliverMail, type SentMail, type TestAccount } from './mail.ts';
import { until } from './tracking.ts';
import { startWebhookReceiver, type ToldRequest, type WebhookReceiver } from './webhook-receiver.ts';
import { type TestWorld, testWorld } from './world.ts';

export interface WebhookStage {
  readonly world: TestWorld;
  readonly api: TestApi;
  readonly receiver: WebhookReceiver;
  close(): Promise<void>;
}

export async function openWebhookStage(): Promise<WebhookStage> {
  const world = await testWorld(new Date().toISOString());
  const api = await startApi(world, () => webhookRoutes(world, { allowsPrivate: true }));
  const receiver = await startWebhookReceiver();
  return {
    world,
    api,
    receiver,
    async close() {
      await api.close();
      await receiver.close();
      await world.close();
    },
  };
}

/** Runs the loops while something is done. */
export async function telling<T>(
  { world, receiver }: WebhookStage,
  run: () => Promise<T>,
  more: Partial<Parameters<typeof startWebhooks>[1]> = {},
): Promise<T> {
  const running: Running = startWebhooks(world, {
    allowsPrivate: true,
    trusted: [receiver.authority],
    pollMs: 10,
    ...more,
  });
  try {
    return await run();
  } finally {
    await running.close();
  }
}

export interface TestEndpoint {
  readonly id: string;
  readonly secret: string;
  readonly path: string;
}

let endpoints = 0;

export async function addEndpoint(
  { api, receiver }: WebhookStage,
  { apiKey }: TestAccount,
  wish: { readonly eventTypes?: readonly string[]; readonly departmentId?: string; readonly url?: string } = {},
): Promise<TestEndpoint> {
  const path = `/told/${++endpoints}`;
  const { eventTypes = ['message.accepted', 'message.delivered'], url = new URL(path, receiver.url).href } = wish;
  const body = { url, description: 'A program', eventTypes, departmentId: wish.departmentId ?? null };
  const { id, secret } = await ask(api, createWebhookEndpoint, apiKey, { body });
  return { id, secret, path };
}

export const readEndpoint = ({ api }: WebhookStage, { apiKey }: TestAccount, id: string) =>
  ask(api, readWebhookEndpoint, apiKey, { params: { id } });

export const changeEndpoint = ({ api }: WebhookStage, { apiKey }: TestAccount, id: string, body: object) =>
  ask(api, changeWebhookEndpoint, apiKey, { params: { id }, body });

export const deliveriesOf = async ({ api }: WebhookStage, { apiKey }: TestAccount, id: string) =>
  (await ask(api, listWebhookDeliveries, apiKey, { params: { id }, query: { limit: 100 } })).deliveries;

export const toldAt = ({ receiver }: WebhookStage, { path }: Pick<TestEndpoint, 'path'>): ToldRequest[] =>
  receiver.told.filter((one) => one.path === path);

export async function untilTold(stage: WebhookStage, endpoint: TestEndpoint, count: number): Promise<ToldRequest[]> {
  await until(async () => toldAt(stage, endpoint).length >= count, `${count} at ${endpoint.path}`);
  return toldAt(stage, endpoint);
}

export const sequencesOf = (told: readonly ToldRequest[]): number[] => told.map(({ body }) => body.sequence);

/** Throws where the library of Standard Webhooks would not take it. */
export const verify = ({ text, headers }: ToldRequest, secret: string): unknown =>
  new Webhook(secret).verify(text, headers);

/** Accepted, an event of one recipient each. */
export const acceptOne = ({ world }: WebhookStage, account: TestAccount, departmentId?: string): Promise<SentMail> =>
  acceptMail(world, account, {
    to: ['ana.private@clinic.example'],
    campaign: 'Secret campaign',
    links: ['https://portal.example/secret'],
    acceptedAt: world.clock.now(),
    ...(departmentId === undefined ? {} : { departmentId }),
  });

export async function deliverOne({ world }: WebhookStage, account: TestAccount, mail: SentMail): Promise<void> {
  const [recipientId = ''] = mail.recipientIds;
  const { recorded } = await deliverMail(world, account, [delivered(recipientId, world.clock.now())]);
  assert.equal(recorded.length, 1);
}
