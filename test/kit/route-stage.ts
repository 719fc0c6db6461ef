/** A running program with an account and an owner in it, for calls of each of its routes. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createAccount } from '../../src/accounts/index.ts';
import { readConfig } from '../../src/config.ts';
import { type Program, startProgram } from '../../src/main.ts';
import { sql } from '../../src/platform/database.ts';
import { systemClock } from '../../src/platform/world.ts';
import type { Body } from './answer.ts';
import { openTestDatabase } from './database.ts';
import { type DnsServer, startDnsServer } from './dns-server.ts';
import { type IdentityProvider, startIdentityProvider } from './identity-provider.ts';
import { acceptByPassword, type Person, personAt, tokenOf } from './person.ts';

export const password = 'seven herons over the lake';

export interface Staff {
  readonly person: Person;
  readonly id: string;
  readonly email: string;
  readonly recoveryCodes: string[];
}

export interface Stage {
  readonly program: Program;
  readonly url: string;
  readonly accountId: string;
  readonly key: string;
  readonly owner: Staff;
  readonly provider: IdentityProvider;
  readonly dns: DnsServer;
  /** By the account's key; what comes back of a call that worked. */
  make(method: string, path: string, body?: unknown): Promise<Body>;
  /** Somebody with a session. */
  join(role: string): Promise<Staff>;
  /** Ids and actions of the account's entries, of people and keys, or of everybody. */
  entries(isOfEverybody: boolean): Promise<Map<string, string>>;
  close(): Promise<void>;
}

/** With settings instead of, or beside, the usual ones. */
export async function openStage(settings: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-routes-'));
  const [database, provider] = [await openTestDatabase(), await startIdentityProvider()];
  const dns = await startDnsServer({});
  const { config } = readConfig({
    DATABASE_URL: database.connectionUrl,
    WAXWING_DATA_DIR: folder,
    WAXWING_KEY_FILE: join(folder, 'master.key'),
    WAXWING_BACKUP_DIR: join(folder, 'backups'),
    WAXWING_PUBLIC_URL: 'http://127.0.0.1',
    // Everybody comes from an address of their own, as from behind a proxy.
    WAXWING_TRUSTED_PROXIES: '127.0.0.1/32,::1/128',
    WAXWING_SSO_ALLOW_PRIVATE: 'true',
    WAXWING_DNS_SERVERS: dns.address,
    WAXWING_HTTP_PORT: '0',
    WAXWING_TRACKING_PORT: '0',
    WAXWING_SMTP_PORT: '0',
    WAXWING_SMARTHOST: 'smtp://127.0.0.1:9',
    WAXWING_NETWORKS_ASN_URL: 'http://127.0.0.1:9/none',
    ...settings,
  });
  const program = await startProgram(config, { clock: systemClock, log: pino({ level: 'silent' }) });
  // The oldest account runs the installation.
  const accountId = (await accountsOf(program))[0] ?? assert.fail('there is no account');
  const url = `http://localhost:${program.ports.http}`;
  const holder = personAt(url);
  const token = tokenOf(await program.signInLink(accountId));
  assert.equal((await holder.ask('POST', '/v1/session', { token })).status, 200);
  const key = (await holder.ask('POST', '/v1/api-keys', { name: 'everything' })).body.secret as string;
  const join_ = (role: string) => invite(url, key, role);
  return {
    ...{ program, url, accountId, key, provider, dns },
    owner: await join_('owner'),
    make: (method, path, body) => make(url, key, method, path, body),
    join: join_,
    entries: (isOfEverybody) => entriesOf(program, accountId, isOfEverybody),
    async close() {
      await program.close();
      await provider.close();
      await dns.close();
      await database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function accountsOf(program: Program): Promise<string[]> {
  await createAccount(program.world, { name: 'Another', actor: { kind: 'system', id: 'test' } });
  const rows = await program.world.db.asWorker((tx) =>
    tx.query<{ id: string }>(sql`SELECT account_id AS id FROM accounts ORDER BY created_at`),
  );
  return rows.map((row) => row.id);
}

async function make(url: string, key: string, method: string, path: string, body?: unknown): Promise<Body> {
  const response = await fetch(url + path, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${path}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

let people = 0;

async function invite(url: string, key: string, role: string): Promise<Staff> {
  people += 1;
  const email = `staff${people}@example.org`;
  const { user, invitation } = await make(url, key, 'POST', '/v1/users', { email, name: `Staff ${people}`, role });
  const person = personAt(url);
  const { recoveryCodes } = await acceptByPassword(person, invitation.link, password, systemClock);
  return { person, id: user.id, email, recoveryCodes };
}

async function entriesOf(program: Program, accountId: string, isOfEverybody: boolean): Promise<Map<string, string>> {
  const rows = await program.world.db.readAccount(accountId, (tx) =>
    tx.query<{ id: string; action: string; kind: string }>(
      sql`SELECT id, action, actor_kind AS kind FROM audit_entries WHERE account_id = current_account()`,
    ),
  );
  // The loops of the program write as they go.
  return new Map(rows.filter((row) => isOfEverybody || row.kind !== 'system').map((row) => [row.id, row.action]));
}
