/** Looks at everything that an installation stands on and says what is wrong and what to do. It puts nothing right. */
import { existsSync } from 'node:fs';
import pg from 'pg';
import { openDatabase } from '../platform/database.ts';
import type { Vault } from '../platform/vault.ts';
import { idsIn } from './backup-folders.ts';
import { checkCoreDumps } from './check-core-dumps.ts';
import {
  checkAudit,
  checkAuditQueue,
  checkDatabaseClock,
  checkQueue,
  checkSchema,
  checkSettings,
} from './check-database.ts';
import {
  type CertificateToCheck,
  checkBackups,
  checkCertificate,
  checkDataDir,
  checkDisk,
  checkJournal,
  checkKeyCopies,
  checkKeyFile,
  checkPractice,
} from './check-files.ts';
import { checkHostname, checkReverseName, checkUrl, systemNames } from './check-network.ts';
import { checkNameServers, checkRelays, type RelayToCheck } from './check-relays.ts';
import { checkRetention } from './check-retention.ts';
import { checked, type Finding, failure, fine, warning } from './finding.ts';

export interface DoctorNeeds {
  readonly now: Date;
  readonly keyFile: string;
  readonly dataDir: string;
  readonly backupDir: string | undefined;
  readonly certificate: CertificateToCheck;
  readonly hostname: string;
  /** Those that all mail goes through; none: it goes to the recipients' servers. */
  readonly relays: readonly RelayToCheck[];
  /** Undefined: the system's. */
  readonly dnsServers?: readonly string[] | undefined;
  /** Default: as long as it takes. */
  readonly checkWithinMs?: number;
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
  const check = checking(needs);
  const files = [
    await check('key file', () => checkKeyFile(needs.keyFile, needs.dataDir)),
    await check('data directory', () => checkDataDir(needs.dataDir)),
    await check('disk', () => checkDisk(needs.dataDir)),
    await check('journal', () => checkJournal(needs.dataDir, needs.now)),
    await check('submission certificate', () => checkCertificate(needs.certificate, needs.now)),
    await check('core dumps', () => checkCoreDumps()),
  ];
  const network = await Promise.all([
    check('host name', () => checkHostname(needs.hostname, needs.dnsServers)),
    check('name of the sending address', () => checkReverseName(needs.hostname, needs.relays.length > 0, systemNames)),
    check('relays', () => checkRelays(needs.relays)),
    check('name servers', () => checkNameServers(needs.dnsServers)),
    check('public URL', () =>
      checkUrl('public URL', needs.publicUrl, 'where people reach the console (WAXWING_PUBLIC_URL)', needs.now),
    ),
    check('tracking URL', () =>
      checkUrl(
        'tracking URL',
        needs.trackingUrl,
        'where recipients reach the tracking host (WAXWING_TRACKING_URL)',
        needs.now,
        'Until then mail programs show no button to unsubscribe (RFC 8058 asks for https).',
      ),
    ),
  ]);
  return [...files, ...network, await examineSealed(needs)].flat();
}

const checking =
  ({ checkWithinMs }: DoctorNeeds) =>
  (name: string, look: Parameters<typeof checked>[1]): Promise<readonly Finding[]> =>
    checked(name, look, checkWithinMs);

function examineBackups({ backupDir, now }: DoctorNeeds, vault: Vault): readonly Finding[] {
  const found = checkBackups(backupDir, vault, now);
  if (backupDir === undefined || idsIn(backupDir).length === 0) return [found];
  return [
    found,
    checkKeyCopies(backupDir, now),
    checkPractice(backupDir, now),
    checkDisk(backupDir, 'disk of the backups'),
  ];
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
  const check = checking(needs);
  const backups = await check('backups', () => examineBackups(needs, vault));
  return [
    fine('master key', 'it opens'),
    ...backups,
    ...(await checked('database', () => examineDatabase(needs, vault))), // its checks have their own time
  ];
}

async function examineDatabase(needs: DoctorNeeds, vault: Vault): Promise<readonly Finding[]> {
  const server = await needs.openServer();
  if (server === undefined) return [warning('database', 'there is none yet', 'It is made at the first start.')];
  const check = checking(needs);
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
      ...(await check('database settings', () => checkSettings(client, needs.databaseConnections))),
      ...(await check('clock and database', () => checkDatabaseClock(client))),
    ];
    const schema = await check('database schema', () => checkSchema(client, vault));
    if (schema.some(({ state }) => state !== 'ok')) return [...basics, ...schema];
    return [
      ...basics,
      ...schema,
      ...(await check('queue', () => checkQueue(client))),
      ...(await check('retention', () => checkRetention(client))),
      ...(await check('audit queue', () => checkAuditQueue(client, needs.now))),
      ...(await check('audit chains', () => checkAudit(db, vault))),
      ...(await check('network lists', async () => networkFinding(await needs.listNetworks(db)))),
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
