/**
 * The composition root: config → database → areas → listeners. Nothing else knows everybody, and it decides nothing
 * but what starts, in which order, and in which order it ends.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  accountRoutes,
  auditDirectory,
  createFirstAccount,
  createSignInLink,
  type Gate,
  listAccounts,
  openGate,
} from './accounts/index.ts';
import { alertingRoutes, startAlerting } from './alerting/index.ts';
import { auditRoutes, startAuditSealer } from './audit/index.ts';
import { type Config, keyProvider, networkRefresh } from './config.ts';
import { hostnameOf, sendersOptions, sendingNames } from './config-hostname.ts';
import { readTls } from './config-tls.ts';
import { endpoints } from './contract/endpoints.ts';
import { openApiDocument } from './contract/openapi.ts';
import { Problem } from './contract/problem.ts';
import {
  type Delivery,
  deliveryRoutes,
  openQueueBell,
  queueRoutes,
  startDelivery,
  startRefreshingPolicies,
} from './delivery/index.ts';
import { serverDoctor } from './doctor-needs.ts';
import { emergencyRoutes, startEmergencyCare } from './emergency/index.ts';
import { startFold } from './events/index.ts';
import { habitLearner, habitRoutes, startForgetting } from './habits/index.ts';
import {
  type FollowedNetworks,
  followNetworks,
  measureNetworks,
  networkRoutes,
  startRefreshing,
} from './networks/index.ts';
import { DatabaseUnavailable, openDatabase, sql } from './platform/database.ts';
import {
  type DatabaseServer,
  openDatabaseServer,
  prepareDatabase,
  prepareWhenAvailable,
} from './platform/database-server.ts';
import { startHttp } from './platform/http.ts';
import type { ReadyCheck } from './platform/http-status.ts';
import { errorFacts } from './platform/log.ts';
import { followMasterKey, needsNewKey, openMasterKey, takeNewKeyBack } from './platform/master-key.ts';
import { measureConnections, openMetrics } from './platform/metrics.ts';
import type { Actor, Route } from './platform/route.ts';
import { openVault } from './platform/vault.ts';
import { type Clock, type Listening, type Log, type Running, systemClock, type World } from './platform/world.ts';
import { providerRoutes } from './providers/index.ts';
import { provisioningRoutes } from './provisioning/index.ts';
import { rejudgingRoutes, startRejudging, startRejudgingThread } from './rejudging/index.ts';
import { reportRoutes } from './reports/index.ts';
import { retentionRoutes, startRetention, startTidying } from './retention/index.ts';
import { startForgettingReturns, startIntake } from './returns/index.ts';
import { routingRoutes } from './routing/index.ts';
import { senderRoutes, startLookingAtSenders } from './senders/index.ts';
import {
  type SendingOptions,
  type Submission,
  type SubmissionOptions,
  sendingRoutes,
  startSubmission,
} from './sending/index.ts';
import { startSettling } from './settling/index.ts';
import { singleSignOnRoutes, startProvingDomains } from './single-sign-on/index.ts';
import { type FollowedPages, followUnsubscribePages, suppressionRoutes } from './suppressions/index.ts';
import { templateRoutes } from './templates/index.ts';
import { startTlsReports, tlsReportRoutes } from './tls-reports/index.ts';
import {
  type Edge,
  hitCounter,
  readKeptEvidence,
  startDrain,
  startDrainThread,
  startEdge,
  startKeyDestruction,
  trackingRoutes,
} from './tracking/index.ts';
import { startBackupCare, startBackups, startForgettingDrafts, startRotating, upkeepRoutes } from './upkeep/index.ts';
import { version } from './version.ts';
import { startWebhooks, webhookFeeder, webhookRoutes } from './webhooks/index.ts';

export interface Program extends Running {
  readonly world: World;
  /** Where each listener of this process is; undefined: it has none. */
  readonly ports: {
    readonly http: number | undefined;
    readonly tracking: number | undefined;
    readonly smtp: number | undefined;
    readonly smtps: number | undefined;
    readonly bounces: number | undefined;
  };
  /** What its HTTP listener answers for the areas; none where it is no web process. */
  readonly routes: readonly Route[];
  readonly publicUrl: string;
  readonly trackingUrl: string;
  /** Resolves when the database is there, migrated and ours; rejects when it can never be. */
  readonly ready: Promise<void>;
  /** A fresh one-time link for the console, for the oldest account unless another is named. */
  signInLink(accountId?: string): Promise<string>;
}

export interface ProgramNeeds {
  readonly clock: Clock;
  readonly log: Log;
  /** What the account of an empty database is called. */
  readonly firstAccountName?: string;
}

/** What is closed at the end, in this order: nobody new comes in, work under way ends, then what it stands on. */
interface Parts {
  readonly listeners: Running[];
  readonly loops: Running[];
  readonly foundations: Running[];
}

interface State {
  /** The database is there, migrated and ours. */
  isReady: boolean;
  /** A message was queued: whoever delivers, in this process or another, looks at once. */
  nudgeDelivery: () => void;
  /** Where this process delivers itself. */
  remember: Delivery['remember'];
}

const system: Actor = { kind: 'system', id: 'start' };
const usualAccountName = 'My organisation';
const consoleFolder = join(import.meta.dirname, '..', 'web', 'dist');

export async function startProgram(config: Config, needs: ProgramNeeds): Promise<Program> {
  const parts: Parts = { listeners: [], loops: [], foundations: [] };
  const ending = new AbortController();
  const close = async (): Promise<void> => {
    ending.abort();
    await closeParts(parts, needs.log);
  };
  try {
    return await compose(config, needs, parts, ending.signal, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function compose(
  config: Config,
  needs: ProgramNeeds,
  parts: Parts,
  ending: AbortSignal,
  close: () => Promise<void>,
): Promise<Program> {
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
  const keeper = keyProvider(config);
  const isNewKey = needsNewKey(config.keyFile, config.dataDir);
  const masterKey = await openMasterKey(config.keyFile, keeper);
  parts.foundations.push(
    followMasterKey(masterKey, config.keyFile, keeper, (error) =>
      needs.log.error(errorFacts(error), 'the key file was changed, and what is new in it cannot be opened'),
    ),
  );
  const tls = readTls(config);
  const server = await openDatabaseServer({ ...config, log: needs.log });
  parts.foundations.push({ close: () => server.stop() });
  const world = openWorld(config, needs, openVault(masterKey), server.connection);
  parts.foundations.unshift({ close: () => world.db.close() });

  // The tracking host needs no database, so it comes up before anybody asks for one.
  const pages = followUnsubscribePages(world);
  parts.foundations.unshift(pages);
  const edge = await openEdge(world, config, pages, parts);
  const trackingUrl = config.trackingUrl ?? localUrl(config.host, edge?.port ?? config.trackingPort);
  const networks = followNetworks(world, { usesAsTable: usesAsTable(config) });
  parts.foundations.unshift(networks);
  measureNetworks(world, networks);
  const state: State = { isReady: false, nudgeDelivery: openQueueBell(world.db).ring, remember: () => {} };
  const prepare = async (): Promise<void> => {
    await takeNewKeyBack(isNewKey, config.keyFile, () => prepareDatabase(server.connection, world));
    await makeFirstAccount(world, config, needs.firstAccountName ?? usualAccountName);
    await networks.look();
    await pages.look();
    startLoops(world, config, { trackingUrl, masterKey, connection: server.connection, networks }, parts, state);
    state.isReady = true;
  };
  const { ready } = await becomeReady(prepare, needs.log, ending);

  const gate = openGate(world, { publicUrl: config.publicUrl ?? localUrl(config.host, config.httpPort ?? 0) });
  const sending = {
    trackingUrl,
    maxMessageBytes: config.maxMessageBytes,
    onQueued: () => state.nudgeDelivery(),
    remember: (...message: Parameters<Delivery['remember']>) => state.remember(...message),
  };
  const routeNeeds = { gate, sending, networks, connection: server.connection };
  const routes = config.roles.includes('web') ? allRoutes(world, config, routeNeeds) : [];
  const http = await openHttp(world, config, { gate, edge, state, routes }, parts);
  const smtp = await openSubmission(world, config, { ...sending, gate, tls }, parts);
  const bounces = await openIntake(world, config, tls, parts);
  const publicUrl = config.publicUrl ?? localUrl(config.host, http?.port ?? 3000);
  return {
    world,
    routes,
    ports: {
      http: http?.port,
      tracking: edge?.port,
      smtp: smtp?.port,
      smtps: smtp?.smtpsPort ?? undefined,
      bounces: bounces?.port,
    },
    publicUrl,
    trackingUrl,
    ready,
    close,
    async signInLink(accountId) {
      const account = accountId ?? (await listAccounts(world.db))[0]?.accountId;
      if (account === undefined) throw new Error('there is no account yet');
      return createSignInLink(world, account, publicUrl, system);
    },
  };
}

function openWorld(
  config: Config,
  needs: ProgramNeeds,
  vault: World['vault'],
  connection: Parameters<typeof openDatabase>[0]['connection'],
): World {
  const db = openDatabase({
    connection,
    maxConnections: config.databaseConnections,
    onIdleError: (error) => needs.log.warn(errorFacts(error), 'a database connection was lost'),
  });
  const metrics = openMetrics();
  measureConnections(metrics, db);
  hitCounter(metrics); // named by every process, so that a sum over all of them never lacks a part
  return { db, vault, metrics, clock: needs.clock, log: needs.log };
}

/** Waits for the first try only: with the database away, what needs none of it starts all the same. */
async function becomeReady(
  prepare: () => Promise<void>,
  log: Log,
  ending: AbortSignal,
): Promise<{ ready: Promise<void> }> {
  try {
    await prepare();
    return { ready: Promise.resolve() };
  } catch (error) {
    if (!(error instanceof DatabaseUnavailable)) throw error;
    const ready = prepareWhenAvailable(prepare, log, ending);
    ready.catch(() => undefined); // the caller sees it too
    return { ready };
  }
}

const journalDir = (config: Config): string => join(config.dataDir, 'journal');

async function openEdge(
  world: World,
  config: Config,
  { wordsOf }: FollowedPages,
  parts: Parts,
): Promise<Edge | undefined> {
  if (!config.roles.includes('edge')) return undefined;
  const edge = await startEdge(world, {
    port: config.trackingPort,
    host: config.host,
    journalDir: journalDir(config),
    trustedProxies: config.trustedProxies,
    maxJournalBytes: config.maxJournalBytes,
    wordsOf,
  });
  parts.listeners.push(edge);
  return edge;
}

interface LoopNeeds {
  readonly trackingUrl: string;
  readonly masterKey: Uint8Array;
  readonly connection: DatabaseServer['connection'];
  readonly networks: FollowedNetworks;
}

/** What works on what is stored. Each may run in any number of processes. */
function startLoops(world: World, config: Config, needs: LoopNeeds, parts: Parts, state: State): void {
  const isWorker = config.roles.includes('worker');
  if (isWorker || config.roles.includes('edge')) parts.loops.push(openDrain(world, config, needs));
  if (!isWorker) return;
  const delivery = startDelivery(world, { ...config, ...sendingNames(config), trackingUrl: needs.trackingUrl });
  state.nudgeDelivery = () => delivery.nudge();
  state.remember = delivery.remember;
  const asking = networkRefresh(config);
  if (asking !== null) parts.loops.push(startRefreshing(world, asking));
  parts.loops.push(startSettling(world, [habitLearner(readKeptEvidence), webhookFeeder]), startForgetting(world));
  parts.loops.push(openRejudging(world, config, needs), startLookingAtSenders(world, sendersOptions(config)));
  parts.loops.push(startProvingDomains(world, config));
  const onQueued = () => state.nudgeDelivery();
  parts.loops.push(
    startEmergencyCare(world),
    startAlerting(world, { trackingUrl: needs.trackingUrl, onQueued, consoleUrl: config.publicUrl }),
  );
  parts.loops.push(
    delivery,
    startFold(world),
    startWebhooks(world, { allowsPrivate: config.webhooksAllowPrivate === 'true' }),
    startRotating(world),
    startBackupCare(world, config.backupDir),
    startBackups(world, config.backupDir, needs.connection),
    startForgettingDrafts(world),
    startForgettingReturns(world),
    startTlsReports(world, { ...config, trackingUrl: needs.trackingUrl, onQueued }),
    startAuditSealer(world),
    startKeyDestruction(world),
    startRetention(world),
    startTidying(world),
    startRefreshingPolicies(world, config),
  );
}

/** A thread has the machine's clock; a staged one stays with the program. */
const openDrain = (world: World, config: Config, { networks, masterKey, connection }: LoopNeeds): Running =>
  world.clock === systemClock
    ? startDrainThread(world, {
        journalDir: journalDir(config),
        usesAsTable: usesAsTable(config),
        masterKey,
        connection,
      })
    : startDrain({ ...world, networks }, { journalDir: journalDir(config) });

const openRejudging = (world: World, config: Config, { networks, masterKey, connection }: LoopNeeds): Running =>
  world.clock === systemClock
    ? startRejudgingThread(world, { usesAsTable: usesAsTable(config), masterKey, connection })
    : startRejudging({ ...world, networks });

const usesAsTable = (config: Config): boolean => config.networksAsnUrl !== 'off';

interface HttpNeeds {
  readonly gate: Gate;
  readonly edge: Edge | undefined;
  readonly state: State;
  readonly routes: readonly Route[];
}

async function openHttp(world: World, config: Config, needs: HttpNeeds, parts: Parts): Promise<Listening | undefined> {
  if (config.httpPort === undefined) return undefined;
  const isWeb = config.roles.includes('web');
  const http = await startHttp(world, {
    host: config.host,
    port: config.httpPort,
    routes: needs.routes,
    identify: (request, permission) => {
      if (!needs.state.isReady) throw new Problem('server.unavailable');
      return needs.gate.identify(request, permission);
    },
    ...(isWeb ? { consoleFolder, openApi: () => openApiDocument(endpoints, version) } : {}),
    checks: readyChecks(world, needs),
    trustedProxies: config.trustedProxies,
    maxMessageBytes: config.maxMessageBytes,
    isPublicUrlHttps: config.publicUrl?.startsWith('https:') ?? false,
  });
  parts.listeners.push(http);
  return http;
}

interface RouteNeeds {
  readonly gate: Gate;
  readonly sending: SendingOptions;
  readonly networks: FollowedNetworks;
  readonly connection: DatabaseServer['connection'];
}

/** Also what documents the routes: making them touches nothing. */
export const allRoutes = (
  world: World,
  config: Config,
  { gate, sending, networks, connection }: RouteNeeds,
): Route[] => [
  ...accountRoutes(world, gate, { publicUrl: config.publicUrl ?? localUrl(config.host, config.httpPort ?? 3000) }),
  ...auditRoutes({ ...world, ...auditDirectory(world) }),
  ...singleSignOnRoutes(world, gate, {
    publicUrl: config.publicUrl ?? localUrl(config.host, config.httpPort ?? 3000),
    allowsInnerProviders: config.ssoAllowPrivate === 'true',
    dnsServers: config.dnsServers,
  }),
  ...provisioningRoutes(world, gate, { publicUrl: config.publicUrl ?? localUrl(config.host, config.httpPort ?? 3000) }),
  ...emergencyRoutes(world, gate),
  ...trackingRoutes(world, networks),
  ...suppressionRoutes(world),
  ...networkRoutes(world, networks, networkRefresh(config)),
  ...habitRoutes(world),
  ...senderRoutes(world, sendersOptions(config)),
  ...tlsReportRoutes(world, config),
  ...templateRoutes(world),
  ...sendingRoutes(world, sending),
  ...deliveryRoutes(world, { ...config, ...sendingNames(config) }, sending.onQueued ?? (() => undefined)),
  ...routingRoutes(world, config),
  ...queueRoutes(world, sending.onQueued ?? (() => undefined)),
  ...alertingRoutes(world),
  ...providerRoutes({ ...world, networks }, { publicUrl: config.publicUrl }),
  ...webhookRoutes(world, { allowsPrivate: config.webhooksAllowPrivate === 'true' }),
  ...rejudgingRoutes(world),
  ...reportRoutes(world),
  ...retentionRoutes(world),
  ...upkeepRoutes(world, {
    keyProvider: keyProvider(config).name,
    examineAll: serverDoctor(config, world, { connection, networks }),
  }),
];

function readyChecks(world: World, { edge, state }: HttpNeeds): Record<string, ReadyCheck> {
  const check = (isFine: () => boolean): ReadyCheck => {
    return async () => {
      if (!isFine()) throw new Error('not ready');
    };
  };
  return {
    database: () => world.db.asWorker((tx) => tx.query(sql`SELECT 1`)),
    migrations: check(() => state.isReady),
    ...(edge === undefined ? {} : { journal: check(() => edge.isJournalHealthy()) }),
  };
}

async function openSubmission(
  world: World,
  config: Config,
  needs: SendingOptions & { readonly gate: Gate; readonly tls: SubmissionOptions['tls'] },
  parts: Parts,
): Promise<Submission | undefined> {
  if (!config.roles.includes('smtp')) return undefined;
  const { tls, ...others } = needs;
  const smtp = await startSubmission(world, {
    ...others,
    port: config.smtpPort,
    host: config.host,
    hostname: hostnameOf(config),
    dataDir: config.dataDir,
    ...(config.smtpsPort === undefined ? {} : { smtpsPort: config.smtpsPort }),
    ...(tls === undefined ? {} : { tls }),
  });
  parts.listeners.push(smtp);
  return smtp;
}

/** Without a domain nothing can be meant for it. */
async function openIntake(
  world: World,
  config: Config,
  tls: SubmissionOptions['tls'],
  parts: Parts,
): Promise<Listening | undefined> {
  const { bouncePort, bounceDomain, host, dataDir, dnsServers } = config;
  if (!config.roles.includes('smtp') || bouncePort === undefined || bounceDomain === undefined) return undefined;
  const options = {
    port: bouncePort,
    host,
    hostname: hostnameOf(config),
    domain: bounceDomain,
    tls,
    dataDir,
    dnsServers,
  };
  const intake = await startIntake(world, options);
  parts.listeners.push(intake);
  return intake;
}

/** On an empty database: with the key that was asked for, or for the console alone, which can make keys. */
async function makeFirstAccount(world: World, config: Config, name: string): Promise<void> {
  if (config.bootstrapApiKey === undefined && !config.roles.includes('web')) return;
  const made = await createFirstAccount(world, {
    name,
    actor: system,
    apiKey: config.bootstrapApiKey,
  });
  if (made !== undefined) world.log.info({ accountId: made }, 'the first account was made');
}

const localUrl = (host: string, port: number): string => {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}`;
};

async function closeParts(parts: Parts, log: Log): Promise<void> {
  const end = async (part: Running): Promise<void> => {
    await part.close().catch((error) => log.error(errorFacts(error), 'a part did not close'));
  };
  await Promise.all(parts.listeners.map(end));
  await Promise.all(parts.loops.map(end));
  for (const part of parts.foundations) await end(part);
}
