/**
 * The composition root: config → database → areas → listeners. Nothing else knows everybody, and it decides nothing
 * but what starts, in which order, and in which order it ends.
 */
import { join } from 'node:path';
import {
  accountRoutes,
  createFirstAccount,
  createSignInLink,
  type Gate,
  listAccounts,
  openGate,
} from './accounts/index.ts';
import type { Config, Role } from './config.ts';
import { endpoints } from './contract/endpoints.ts';
import { openApiDocument } from './contract/openapi.ts';
import { Problem } from './contract/problem.ts';
import { startFold } from './events/index.ts';
import { DatabaseUnavailable, openDatabase, sql } from './platform/database.ts';
import { openDatabaseServer, prepareDatabase, prepareWhenAvailable } from './platform/database-server.ts';
import { startHttp } from './platform/http.ts';
import { errorFacts } from './platform/log.ts';
import { openMasterKey } from './platform/master-key.ts';
import { measureConnections, openMetrics } from './platform/metrics.ts';
import type { Actor, Route } from './platform/route.ts';
import { openVault } from './platform/vault.ts';
import type { Clock, Listening, Log, Running, World } from './platform/world.ts';
import { version } from './version.ts';

export interface Program extends Running {
  readonly world: World;
  /** Where each listener of this process is; undefined: it has none. */
  readonly ports: {
    readonly http?: number;
    readonly tracking?: number;
    readonly smtp?: number;
    readonly smtps?: number;
  };
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
}

/** What is closed at the end, in this order: nobody new comes in, work under way ends, then what it stands on. */
interface Parts {
  readonly listeners: Running[];
  readonly loops: Running[];
  readonly foundations: Running[];
}

/** Whether the database is there, migrated and ours. */
interface Readiness {
  isReady: boolean;
}

const system: Actor = { kind: 'system', id: 'start' };
const firstAccountName = 'My organisation';
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
  const vault = openVault(openMasterKey(config.keyFile));
  const server = await openDatabaseServer({ ...config, log: needs.log });
  parts.foundations.push({ close: () => server.stop() });
  const world = openWorld(config, needs, vault, server.connection);
  parts.foundations.unshift({ close: () => world.db.close() });
  const does = (role: Role): boolean => config.roles.includes(role);

  const trackingUrl = config.trackingUrl ?? localUrl(config.host, config.trackingPort);
  const readiness: Readiness = { isReady: false };
  const prepare = async (): Promise<void> => {
    await prepareDatabase(server.connection, world);
    await makeFirstAccount(world, config, does('web'));
    startLoops(world, does, parts);
    readiness.isReady = true;
  };
  const { ready } = await becomeReady(prepare, needs.log, ending);

  const gate = openGate(world, { publicUrl: config.publicUrl ?? localUrl(config.host, 0) });
  const http =
    config.httpPort === undefined ? undefined : await openHttp(world, config, config.httpPort, gate, readiness);
  if (http !== undefined) parts.listeners.push(http);
  const publicUrl = config.publicUrl ?? localUrl(config.host, http?.port ?? 3000);
  return {
    world,
    ports: { ...(http === undefined ? {} : { http: http.port }) },
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

function startLoops(world: World, does: (role: Role) => boolean, parts: Parts): void {
  if (does('worker')) parts.loops.push(startFold(world));
}

const openHttp = (world: World, config: Config, port: number, gate: Gate, readiness: Readiness): Promise<Listening> => {
  const isWeb = config.roles.includes('web');
  return startHttp(world, {
    host: config.host,
    port,
    routes: isWeb ? allRoutes(world, config, gate) : [],
    identify: (request, permission) => {
      if (!readiness.isReady) throw new Problem('server.unavailable');
      return gate.identify(request, permission);
    },
    ...(isWeb ? { consoleFolder, openApi: () => openApiDocument(endpoints, version) } : {}),
    checks: {
      database: () => world.db.asWorker((tx) => tx.query(sql`SELECT 1`)),
      migrations: async () => {
        if (!readiness.isReady) throw new Error('not migrated yet');
      },
    },
    trustedProxies: config.trustedProxies,
    maxMessageBytes: config.maxMessageBytes,
    isPublicUrlHttps: config.publicUrl?.startsWith('https:') ?? false,
  });
};

const allRoutes = (world: World, config: Config, gate: Gate): Route[] => [
  ...accountRoutes(world, gate, { publicUrl: config.publicUrl ?? 'http://localhost' }),
];

/** On an empty database: with the key that was asked for, or for the console alone, which can make keys. */
async function makeFirstAccount(world: World, config: Config, isWeb: boolean): Promise<void> {
  if (config.bootstrapApiKey === undefined && !isWeb) return;
  const made = await createFirstAccount(world, {
    name: firstAccountName,
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
