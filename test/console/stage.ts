/**
 * The whole program with a campaign that really went out by SMTP and was really opened and clicked over HTTP: by people,
 * by Apple's prefetch and by a scanner. Console tests look at it through a browser.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import PostalMime from 'postal-mime';
import { readConfig } from '../../src/config.ts';
import type { EngagementReport, EngagementRow } from '../../src/contract/reports.ts';
import { type Program, startProgram } from '../../src/main.ts';
import { systemClock, type World } from '../../src/platform/world.ts';
import { type Faults, openBrowser, patienceMs, watch } from '../kit/browser.ts';
import { openTestDatabase } from '../kit/database.ts';
import { type DnsServer, startDnsServer } from '../kit/dns-server.ts';
import { type SmtpSink, startSmtpSink } from '../kit/smtp-sink.ts';
import { browser, until } from '../kit/tracking.ts';

export const campaign = 'November letter v2.1';
export const otherCampaign = 'Flu vaccination';
export const people = ['ana@gmail.example', 'ben@gmail.example', 'chloe@clinic.example'];
export const prefetched = ['dora@icloud.example', 'emil@icloud.example'];
export const scanned = 'faye@hospital.example';
export const untouched = 'gus@clinic.example';
const everyone = [...people, ...prefetched, scanned, untouched];
export const links = [
  'https://clinic.example/appointments?month=november',
  'https://clinic.example/recipes/soup',
  'https://clinic.example/map',
];

export interface Stage {
  readonly url: string;
  readonly apiKey: string;
  readonly messageId: string;
  readonly dns: DnsServer;
  readonly sink: SmtpSink;
  readonly world: World;
  /** Of the database's owner: for what takes too long to happen by itself. */
  readonly databaseUrl: string;
  /** A fresh one-time link. */
  signInLink(): Promise<string>;
  api<T>(path: string, init?: RequestInit): Promise<T>;
  close(): Promise<void>;
}

/** Asked of the system and given back at once, because the console's address must be known before it starts. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Somebody signed in to the console of a stage, in a browser that notes every fault of a page. */
export interface SignedIn {
  readonly stage: Stage;
  readonly browser: Browser;
  readonly context: BrowserContext;
  readonly faults: Faults;
  readonly page: Page;
  close(): Promise<void>;
}

export async function signIn(): Promise<SignedIn> {
  const stage = await setStage();
  const browser = await openBrowser();
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
  context.setDefaultTimeout(patienceMs);
  const faults = await watch(context, stage.url);
  const page = await context.newPage();
  await page.goto(await stage.signInLink());
  await page.getByRole('heading', { level: 1, name: 'Campaigns' }).waitFor();
  return {
    ...{ stage, browser, context, faults, page },
    async close() {
      await browser.close();
      await stage.close();
    },
  };
}

/** A tab of the place for sending, by its name. */
export async function openSending({ stage, page }: SignedIn, name: string): Promise<void> {
  await page.goto(`${stage.url}/sending`);
  await page.getByRole('navigation', { name: 'Sending' }).getByRole('link', { name }).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
}

/** @param settings beside or instead of the usual ones */
export async function setStage(settings: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const database = await openTestDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), 'waxwing-console-'));
  const [sink, dns] = [await startSmtpSink(), await startDnsServer({})];
  const apiKey = `test-${randomBytes(16).toString('hex')}`;
  const [httpPort, trackingPort] = [await freePort(), await freePort()];
  const { config } = readConfig({
    DATABASE_URL: database.connectionUrl,
    WAXWING_DATA_DIR: dataDir,
    WAXWING_KEY_FILE: join(dataDir, 'master.key'),
    WAXWING_BACKUP_DIR: join(dataDir, 'backups'),
    WAXWING_HTTP_PORT: String(httpPort),
    WAXWING_TRACKING_PORT: String(trackingPort),
    WAXWING_SMTP_PORT: '0',
    WAXWING_NETWORKS_REFRESH_HOURS: 'off',
    WAXWING_SMARTHOST: `smtp://127.0.0.1:${sink.port}`,
    WAXWING_BOOTSTRAP_API_KEY: apiKey,
    WAXWING_TRUSTED_PROXIES: '127.0.0.1/32',
    WAXWING_SSO_ALLOW_PRIVATE: 'true',
    WAXWING_DNS_SERVERS: dns.address,
    ...settings,
  });
  const program = await startProgram(config, { clock: systemClock, log: pino({ level: 'silent' }) });
  await program.ready;
  const url = `http://127.0.0.1:${httpPort}`;
  const api = callApi(url, apiKey);
  const messageId = await play(api, sink);
  return {
    url,
    apiKey,
    messageId,
    dns,
    sink,
    world: program.world,
    databaseUrl: database.connectionUrl,
    api,
    signInLink: () => linkOf(program, url),
    async close() {
      await program.close();
      await sink.close();
      await dns.close();
      await database.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

const linkOf = async (program: Program, url: string): Promise<string> =>
  `${url}/sign-in${new URL(await program.signInLink()).hash}`;

const callApi =
  (url: string, apiKey: string): Stage['api'] =>
  async <T>(path: string, init: RequestInit = {}): Promise<T> => {
    const response = await fetch(`${url}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    });
    if (!response.ok) throw new Error(`${init.method ?? 'GET'} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };

const html = `<html><body><p>Dear patient, winter is coming.</p>${links
  .map((link, index) => `<p><a href="${link}">Link ${index + 1}</a></p>`)
  .join('')}</body></html>`;

async function send(api: Stage['api'], to: readonly string[], name: string): Promise<string> {
  const body = { from: 'Clinic <care@clinic.example>', to, subject: 'Your November letter', html, campaign: name };
  const { id } = await api<{ id: string }>('/v1/messages', { method: 'POST', body: JSON.stringify(body) });
  return id;
}

async function play(api: Stage['api'], sink: SmtpSink): Promise<string> {
  const messageId = await send(api, everyone, campaign);
  await send(api, ['hugo@gmail.example'], otherCampaign);
  await sink.waitFor(everyone.length + 1, 30_000);
  await peopleCome(sink);
  await appleComes(sink);
  await scannerComes(sink);
  await until(async () => isAllCounted(await rowOf(api)), 'every hit is counted', 30_000);
  return messageId;
}

export async function rowOf(api: Stage['api'], query = ''): Promise<EngagementRow> {
  const search = new URLSearchParams({ campaign, groupBy: 'campaign' });
  const report = await api<EngagementReport>(`/v1/reports/engagement?${search}${query}`);
  const [row] = report.rows;
  return row ?? report.totals;
}

/** People click two links; the scanner’s recipient is the third who “clicked”. */
const isAllCounted = ({ delivered, all }: EngagementRow): boolean =>
  delivered === everyone.length && all.opened === people.length + prefetched.length + 1 && all.clicked === 3;

interface Copy {
  readonly pixel: string;
  readonly links: readonly string[];
}

/** The tracking addresses as a mail client would find them in the message that arrived. */
async function copyOf(sink: SmtpSink, recipient: string): Promise<Copy> {
  const [received] = sink.of(recipient);
  if (received === undefined) throw new Error('nothing arrived for a recipient');
  const { html: body = '' } = await PostalMime.parse(received.bytes);
  const found = (pattern: RegExp) => [...body.matchAll(pattern)].map(([, address = '']) => address);
  const [pixel] = found(/<img[^>]+src="?([^"\s>]+\/o\/[^"\s>]+)/g);
  if (pixel === undefined) throw new Error('the message has no pixel');
  return { pixel, links: found(/href="([^"]+\/c\/[^"]+)"/g) };
}

const ask = async (address: string, headers: Record<string, string>): Promise<void> => {
  const response = await fetch(address, { headers, redirect: 'manual' });
  await response.arrayBuffer();
};

async function peopleCome(sink: SmtpSink): Promise<void> {
  for (const [index, recipient] of people.entries()) {
    const copy = await copyOf(sink, recipient);
    const person = { ...browser(index + 1), 'sec-fetch-user': '?1', 'sec-fetch-mode': 'navigate' };
    await ask(copy.pixel, browser(index + 1));
    if (index < 2) await ask(copy.links[index] ?? '', person);
  }
}

/** The agent and an egress address of Apple's relay together. */
async function appleComes(sink: SmtpSink): Promise<void> {
  for (const recipient of prefetched) {
    const { pixel } = await copyOf(sink, recipient);
    await ask(pixel, { 'user-agent': 'Mozilla/5.0', 'x-forwarded-for': '172.224.226.40' });
  }
}

/** All links within a moment, from a browser's agent that no person uses any more. */
async function scannerComes(sink: SmtpSink): Promise<void> {
  const copy = await copyOf(sink, scanned);
  const scanner = {
    'user-agent':
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/91.0.4472.124',
    'x-forwarded-for': '40.94.20.11',
  };
  await ask(copy.pixel, scanner);
  await Promise.all(copy.links.map((link) => ask(link, scanner)));
}
