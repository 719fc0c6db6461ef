/** Looks at everything that an installation stands on and says what is wrong and what to do. It puts nothing right. */
import { existsSync } from 'node:fs';
import pg from 'pg';
import { openDatabase } from '../platform/database.ts';
import type { Vault } from '../platform/vault.ts';
import { checkAudit, checkDatabaseClock, checkQueue, checkSchema, checkSettings } from './check-database.ts';
import {
  type CertificateToCheck,
  checkBackups,
  checkCertificate,
  checkDataDir,
  checkDisk,
  checkKeyFile,
} from './check-files.ts';
import { checkHostname, checkUrl } from './check-network.ts';
import { checked, type Finding, failure, fine, warning } from './finding.ts';

export interface DoctorNeeds {
  readonly now: Date;
  readonly keyFile: string;
  readonly dataDir: string;
  readonly backupDir: string | undefined;
  readonly certificate: CertificateToCheck;
  readonly hostname: string;
  readonly publicUrl: string | undefined;
  readonly trackingUrl: string | undefined;
  readonly databaseConnections: number;
  /** Throws where the key file cannot be opened. */
  readonly openVault: () => Promise<Vault>;
  /** Throws where no database answers. Undefined: there is none yet. */
  readonly openServer: () => Promise<{ readonly connection: pg.PoolConfig; stop(): Promise<void> } | undefined>;
  /** The lists of networks with their ages; asked only where the database is this version's. */
  readonly listNetworks: (
    db: ReturnType<typeof openDatabase>,
  ) => Promise<readonly { name: string; isStale: boolean }[]>;
}

export async function examine(needs: DoctorNeeds): Promise<readonly Finding[]> {
  const files = [
    await checked('key file', () => checkKeyFile(needs.keyFile, needs.dataDir)),
    await checked('data directory', () => checkDataDir(needs.dataDir)),
    await checked('disk', () => checkDisk(needs.dataDir)),
    await checked('submission certificate', () => checkCertificate(needs.certificate, needs.now)),
  ];
  const network = await Promise.all([
    checked('host name', () => checkHostname(needs.hostname)),
    checked('public URL', () =>
      checkUrl('public URL', needs.publicUrl, 'where people reach the console (WAXWING_PUBLIC_URL)'),
    ),
    checked('tracking URL', () =>
      checkUrl('tracking URL', needs.trackingUrl, 'where recipients reach the tracking host (WAXWING_TRACKING_URL)'),
    ),
  ]);
  return [...files, ...network, await examineSealed(needs)].flat();
}

/** What needs the key: without a key file there is nothing to be asked of it, and none is made. */
async function examineSealed(needs: DoctorNeeds): Promise<readonly Finding[]> {
  if (!existsSync(needs.keyFile)) return [];
  let vault: Vault;
  try {
    vault = await needs.openVault();
  } catch (error) {
    return [failure('master key', 'it cannot be opened', (error as Error).message)];
  }
  const backups = await checked('backups', () => checkBackups(needs.backupDir, vault, needs.now));
  return [
    fine('master key', 'it opens'),
    ...backups,
    ...(await checked('database', () => examineDatabase(needs, vault))),
  ];
}

async function examineDatabase(needs: DoctorNeeds, vault: Vault): Promise<readonly Finding[]> {
  const server = await needs.openServer();
  if (server === undefined) return [warning('database', 'there is none yet', 'It is made at the first start.')];
  const client = new pg.Client({
    ...server.connection,
    application_name: 'waxwing-doctor',
    connectionTimeoutMillis: 10_000,
  });
  client.on('error', () => undefined);
  const db = openDatabase({ connection: server.connection, maxConnections: 2 });
  try {
    await client.connect();
    const basics = [
      ...(await checked('database settings', () => checkSettings(client, needs.databaseConnections))),
      ...(await checked('clock and database', () => checkDatabaseClock(client))),
    ];
    const schema = await checked('database schema', () => checkSchema(client, vault));
    if (schema.some(({ state }) => state !== 'ok')) return [...basics, ...schema];
    return [
      ...basics,
      ...schema,
      ...(await checked('queue', () => checkQueue(client))),
      ...(await checked('audit chains', () => checkAudit(db, vault))),
      ...(await checked('network lists', async () => networkFinding(await needs.listNetworks(db)))),
    ];
  } finally {
    await client.end().catch(() => undefined);
    await db.close();
    await server.stop();
  }
}

function networkFinding(lists: readonly { name: string; isStale: boolean }[]): Finding {
  const stale = lists.filter(({ isStale }) => isStale).map(({ name }) => name);
  return stale.length === 0
    ? fine('network lists', `none of ${lists.length} is stale`)
    : warning(
        'network lists',
        `older than 14 days: ${stale.join(', ')}`,
        'Run waxwing networks refresh, and see why it fails (docs/networks.md).',
      );
}
