/** `waxwing import` as a program of its own, beside a running server on the same database. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pino } from 'pino';
import { openTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import { createAccount, type NewAccount } from '../accounts/index.ts';
import { readConfig } from '../config.ts';
import { readEngagement } from '../contract/reports.ts';
import { type Program, startProgram } from '../main.ts';
import { systemClock } from '../platform/world.ts';
import { campaign, tell } from '../providers/fixtures/story.ts';

const folder = mkdtempSync(join(tmpdir(), 'waxwing-import-'));
let database: TestDatabase;
let program: Program;
let account: NewAccount;
let environment: Record<string, string>;

before(async () => {
  database = await openTestDatabase();
  environment = {
    DATABASE_URL: database.connectionUrl,
    WAXWING_DATA_DIR: folder,
    WAXWING_KEY_FILE: join(folder, 'master.key'),
    WAXWING_ROLES: 'web',
    WAXWING_HTTP_PORT: '0',
    WAXWING_NETWORKS_REFRESH_HOURS: 'off',
  };
  program = await startProgram(readConfig(environment).config, { clock: systemClock, log: pino({ level: 'silent' }) });
  account = await createAccount(program.world, { name: 'Clinic', actor: { kind: 'system', id: 'test' } });
});
after(async () => {
  await program?.close();
  await database?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

function waxwing(args: readonly string[], input = ''): Promise<Ended> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', 'cli.ts'), 'import', ...args], {
    env: { PATH: process.env.PATH ?? '', ...environment },
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (part) => (out += String(part)));
  child.stderr.on('data', (part) => (err += String(part)));
  child.stdin.on('error', () => undefined); // it may end before it has read
  child.stdin.end(input);
  return new Promise((resolve) => child.once('close', (status) => resolve({ status, out, err })));
}

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const lines = (items: readonly object[]): string => items.map((item) => JSON.stringify(item)).join('\n');

async function numbers() {
  const response = await fetch(`http://127.0.0.1:${program.ports.http}/v1/reports/engagement`, {
    headers: { authorization: `Bearer ${account.apiKey}` },
  });
  const { rows } = readEngagement.result.parse(await response.json());
  return rows.map((row) => [row.key, row.sent, row.people, row.machines]);
}

describe('waxwing import', () => {
  const both = ['--account'];
  before(() => both.push(account.accountId));
  const expected = [campaign, 5, { opened: 1, clicked: 1 }, { opened: 1, clicked: 1 }];

  it('brings a file into the reports of the running server, and once only', async () => {
    const path = file('sendgrid.json', JSON.stringify(tell('sendgrid')));
    const first = await waxwing(['--provider', 'sendgrid', ...both, path]);
    assert.equal(first.status, 0, first.err);
    const summary = {
      account: account.accountId,
      provider: 'sendgrid',
      accepted: 16,
      duplicates: 0,
      ignored: 0,
      refused: 0,
    };
    assert.deepEqual(JSON.parse(first.out), summary);
    assert.match(first.err, /16 read: 16 accepted/);
    assert.deepEqual(await numbers(), [expected]);
    const again = await waxwing(['--provider', 'sendgrid', ...both, '-'], lines(tell('sendgrid')));
    assert.deepEqual(JSON.parse(again.out), { ...summary, accepted: 0, duplicates: 16 });
    assert.deepEqual(await numbers(), [expected]);
  });

  it('says which events it refuses, and takes the rest', async () => {
    const text = `${lines(tell('postmark').slice(0, 2))}\n\n{"RecordType":"Open"}\n7\n`;
    const { status, out, err } = await waxwing(['--provider', 'postmark', ...both, '-'], text);
    assert.equal(status, 0, err);
    assert.equal((JSON.parse(out) as { refused: number }).refused, 2);
    assert.match(err, /event 3: The event has no usable time\.\nevent 4: The event is not a JSON object\./);
    assert.doesNotMatch(err, /hill\.example/);
  });

  it('judges alone, without database or key', async () => {
    const judged = { ...environment };
    environment = {};
    try {
      const { status, out, err } = await waxwing(
        ['--provider', 'mailgun', '--judge-only', '-'],
        lines(tell('mailgun')),
      );
      assert.equal(status, 0, err);
      const verdicts = out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { verdict: string; actor: string });
      assert.deepEqual(
        verdicts.map(({ verdict }) => verdict),
        ['automated', 'automated', 'automated', 'automated', 'human', 'human'],
      );
      assert.equal(verdicts[0]?.actor, 'apple-mpp');
    } finally {
      environment = judged;
    }
  });

  it('says in a sentence what it cannot do', async () => {
    const path = file('broken.json', '{"a":1}\n{');
    for (const [args, words] of [
      [['--provider', 'pigeon', path], /--provider takes one of: sendgrid, mailgun/],
      [['--provider', 'ses', '--judge-only', path], /Line 2 is not JSON/],
      [['--provider', 'ses', '--judge-only', join(folder, 'absent')], /cannot be read \(ENOENT\)/],
      [['--provider', 'ses', '--account', crypto.randomUUID(), file('a.json', '[]')], /There is no such account/],
      [[path], /required option/],
    ] as const) {
      const { status, err } = await waxwing(args);
      assert.equal(status, 1, err);
      assert.match(err, words);
      assert.doesNotMatch(err, /\n\s+at /, 'no stack');
    }
  });
});
