/** The doctor on the database: settings, schema, key, clock, queue, audit chains. It changes nothing. */
import { type KeyObject, timingSafeEqual } from 'node:crypto';
import type pg from 'pg';
import { listAccounts } from '../accounts/index.ts';
import { storedChain, verifyStored } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import type { Database } from '../platform/database.ts';
import { firstIdAt } from '../platform/ids.ts';
import { keyCheckOf } from '../platform/installation.ts';
import { readMigrations } from '../platform/migrate.ts';
import { installationSigner } from '../platform/signing.ts';
import type { Vault } from '../platform/vault.ts';
import { type Finding, failure, fine, warning } from './finding.ts';

const minuteMs = 60_000;

export async function checkSettings(client: pg.Client, wantedConnections: number): Promise<Finding[]> {
  const { rows } = await client.query<{ name: string; setting: string }>(
    `SELECT name, setting FROM pg_settings
      WHERE name IN ('server_version_num', 'fsync', 'synchronous_commit', 'full_page_writes', 'max_connections')`,
  );
  const settings = new Map(rows.map(({ name, setting }) => [name, setting]));
  const version = Number(settings.get('server_version_num'));
  const says = `PostgreSQL ${Math.floor(version / 10_000)}.${version % 10_000}`;
  const unsafe = ['fsync', 'synchronous_commit', 'full_page_writes'].filter((name) => settings.get(name) === 'off');
  const most = Number(settings.get('max_connections'));
  return [
    version >= 150_000
      ? fine('database version', says)
      : failure('database version', `${says} is too old`, 'Upgrade the server to 15 or newer.'),
    unsafe.length === 0
      ? fine('database durability', 'what is committed survives a power cut')
      : failure(
          'database durability',
          `off: ${unsafe.join(', ')}`,
          'Accepted mail may be lost in a power cut. Switch them on.',
        ),
    most >= wantedConnections + 10
      ? fine('database connections', `${most} at most, ${wantedConnections} a process`)
      : warning(
          'database connections',
          `${most} at most, but one process may open ${wantedConnections}`,
          'Raise max_connections, or lower WAXWING_DATABASE_CONNECTIONS.',
        ),
  ];
}

/** What has no tables yet was never started: then there is nothing further to ask. */
export async function checkSchema(client: pg.Client, vault: Vault): Promise<Finding> {
  const check = 'database schema';
  const { rows: found } = await client.query<{ there: boolean }>(
    `SELECT to_regclass('schema_migrations') IS NOT NULL AS there`,
  );
  if (found[0]?.there !== true)
    return warning(check, 'the database is empty', 'Start the server once, or restore a backup.');
  const { rows } = await client.query<{ name: string }>('SELECT name FROM schema_migrations');
  const known = readMigrations().map(({ name }) => name);
  const applied = rows.map(({ name }) => name);
  const newer = applied.filter((name) => !known.includes(name));
  if (newer.length > 0)
    return failure(check, `a newer Waxwing has changed it (${newer.join(', ')})`, 'Run that version.');
  const { rows: keys } = await client.query<{ key: Buffer }>('SELECT key_check AS key FROM installation');
  if (keys[0] !== undefined && !timingSafeEqual(keys[0].key, keyCheckOf(vault)))
    return failure(check, 'the key file is not this database’s', 'Point WAXWING_KEY_FILE at the right one.');
  const pending = known.length - applied.length;
  return pending === 0
    ? fine(check, 'it is this version’s, and the key file is the one that it was made with')
    : warning(check, `${pending} changes are still to be made`, 'They are made at the next start.');
}

export async function checkDatabaseClock(client: pg.Client): Promise<Finding> {
  const askedAt = Date.now();
  const { rows } = await client.query<{ now: Date }>('SELECT clock_timestamp() AS now');
  const answeredAt = Date.now();
  const offMs = Math.max(
    0,
    Math.abs((rows[0]?.now.getTime() ?? 0) - (askedAt + answeredAt) / 2) - (answeredAt - askedAt),
  );
  return offFinding('clock and database', offMs, 'the database’s');
}

export function offFinding(check: string, offMs: number, whose: string): Finding {
  const says = `our clock is ${(offMs / 1000).toFixed(1)} s from ${whose}`;
  const remedy = 'Let both keep time by NTP: verdicts depend on seconds.';
  if (offMs > minuteMs) return failure(check, says, remedy);
  return offMs > 3_000 ? warning(check, says, remedy) : fine(check, says);
}

/** By the database's clock: how long the oldest delivery has been due, and how many are held. */
export async function checkQueue(client: pg.Client): Promise<Finding> {
  const { rows } = await client.query<{ waiting: number; held: number; lateMs: number | null }>(
    `SELECT count(*)::int AS waiting, count(held_because)::int AS held,
            (extract(epoch FROM clock_timestamp() - min(due_at) FILTER (WHERE held_because IS NULL)) * 1000)::float8 AS "lateMs"
       FROM deliveries`,
  );
  const { waiting = 0, held = 0, lateMs = 0 } = rows[0] ?? {};
  const late = Math.max(0, Math.round((lateMs ?? 0) / minuteMs));
  const says = `${waiting} deliveries wait, ${held} of them held; the oldest is ${late} minutes late`;
  if (late > 240)
    return failure('queue', says, 'Nobody delivers. Start a process with the role worker, and look at its log.');
  if (late > 15) return warning('queue', says, 'Does a process with the role worker run, and does the relay answer?');
  return held > 0
    ? warning('queue', says, 'What is held waits for people: GET /v1/messages tells why.')
    : fine('queue', says);
}

/** A place in the chain takes a second. What has none after a minute waits in vain, or somebody took it out of the queue. */
export async function checkAuditQueue(client: pg.Client, now: Date): Promise<Finding> {
  const check = 'audit queue';
  const [dayAgo, minuteAgo] = [1_440, 1].map((minutes) => firstIdAt(new Date(now.getTime() - minutes * minuteMs)));
  const { rows } = await client.query<{ late: number; lost: number }>(
    `SELECT (SELECT count(*) FROM audit_waiting WHERE entry_id < $2)::int AS late,
            (SELECT count(*) FROM audit_entries e
              WHERE e.id >= $1 AND e.id < $2 AND NOT EXISTS (SELECT FROM audit_chain c WHERE c.entry_id = e.id)
                AND NOT EXISTS (SELECT FROM audit_waiting w
                                 WHERE w.account_id = e.account_id AND w.entry_id = e.id))::int AS lost`,
    [dayAgo, minuteAgo],
  );
  const { late = 0, lost = 0 } = rows[0] ?? {};
  if (lost > 0)
    return failure(
      check,
      `${lost} entries of the last day neither have a place in the chain nor wait for one`,
      'Somebody changed the database past the program. Keep it as it is, and compare with a backup (docs/backup.md).',
    );
  return late === 0
    ? fine(check, 'no entry waits longer than a minute for its place in the chain')
    : failure(
        check,
        `${late} entries have waited for their place in the chain for more than a minute`,
        'Start a process with the role worker, and look at its log: a chain that was tampered with is not continued.',
      );
}

export async function checkAudit(db: Database, vault: Vault): Promise<Finding> {
  const { publicKey } = installationSigner(vault);
  const accounts = await listAccounts(db);
  let entries = 0;
  for (const { accountId } of accounts) {
    const finding = await lookAtChain(db, accountId, publicKey);
    if (finding === undefined) continue; // nothing was sealed yet
    if (typeof finding === 'string')
      return failure(
        'audit chains',
        `account ${accountId}: ${finding}`,
        'Somebody changed the database past the program. Keep it as it is, and compare with a backup (docs/backup.md).',
      );
    entries += finding;
  }
  return fine('audit chains', `${entries} entries of ${accounts.length} accounts are as they were written`);
}

/** The same for one account, whose holder is told. */
export async function checkAccountAudit(db: Database, vault: Vault, accountId: string): Promise<Finding> {
  const found = await lookAtChain(db, accountId, installationSigner(vault).publicKey);
  if (typeof found === 'string')
    return failure('audit log', found, 'Keep it as it is, and tell whoever runs this installation.');
  return fine('audit log', `${found ?? 0} entries are as they were written`);
}

/** How many entries are sound, or what is wrong. */
async function lookAtChain(
  db: Database,
  accountId: string,
  publicKey: KeyObject,
): Promise<number | string | undefined> {
  try {
    const chain = await storedChain({ db }, accountId);
    if (chain === undefined) return undefined;
    const finding = await verifyStored(chain, publicKey);
    return finding.kind === 'broken' ? finding.text : finding.entries;
  } catch (error) {
    if (error instanceof Problem) return 'entries stand in the chain, but no signed checkpoint encloses them';
    throw error;
  }
}
