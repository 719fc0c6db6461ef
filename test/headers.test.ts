/** What every answer of the program tells a browser not to do: routes, refusals, the console's files, the tracking host. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pino } from 'pino';
import { readConfig } from '../src/config.ts';
import { endpoints } from '../src/contract/endpoints.ts';
import { type Program, startProgram } from '../src/main.ts';
import { systemClock } from '../src/platform/world.ts';
import { openTestDatabase, type TestDatabase } from './kit/database.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'waxwing-headers-'));
const built = join(import.meta.dirname, '..', 'web', 'dist');
const apiKey = 'wx_headers_bootstrap_key_0123456789';
let database: TestDatabase;
let program: Program;

before(async () => {
  database = await openTestDatabase();
  const { config } = readConfig({
    DATABASE_URL: database.connectionUrl,
    WAXWING_DATA_DIR: dataDir,
    WAXWING_KEY_FILE: join(dataDir, 'master.key'),
    WAXWING_HTTP_PORT: '0',
    WAXWING_TRACKING_PORT: '0',
    WAXWING_SMTP_PORT: '0',
    WAXWING_SMARTHOST: 'smtp://127.0.0.1:9',
    WAXWING_NETWORKS_REFRESH_HOURS: 'off',
    WAXWING_PUBLIC_URL: 'https://mail.clinic.example',
    WAXWING_BOOTSTRAP_API_KEY: apiKey,
  });
  program = await startProgram(config, { clock: systemClock, log: pino({ level: 'silent' }) });
  await program.ready;
});
after(async () => {
  await program?.close();
  await database?.close();
  rmSync(dataDir, { recursive: true, force: true });
});

interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** fetch would tidy up paths that a hostile client does not. */
function ask(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  port = program.ports.http,
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(parts).toString(),
        }),
      );
    });
    asked.on('error', reject);
    asked.end();
  });
}

const textOf = (got: Got, name: string): string => String(got.headers[name] ?? '');

/** Directives by name, none of which may let in what is written into a page or made at run time. */
function policyOf(got: Got): Map<string, string> {
  const policy = textOf(got, 'content-security-policy');
  assert.doesNotMatch(policy, /unsafe-|\*|https?:|blob:|strict-dynamic/);
  return new Map(
    policy.split(';').map((directive) => {
      const [name = '', ...values] = directive.trim().split(' ');
      return [name, values.join(' ')];
    }),
  );
}

function assertHardened(got: Got, what: string): void {
  const policy = policyOf(got);
  assert.equal(policy.get('default-src'), "'none'", what);
  assert.equal(policy.get('frame-ancestors'), "'none'", what);
  assert.equal(textOf(got, 'x-frame-options'), 'DENY', what);
  assert.equal(textOf(got, 'x-content-type-options'), 'nosniff', what);
  assert.match(textOf(got, 'strict-transport-security'), /^max-age=\d{8,}; includeSubDomains$/, what);
  assert.match(textOf(got, 'referrer-policy'), /^(same-origin|no-referrer)$/, what);
  assert.equal(textOf(got, 'cross-origin-opener-policy'), 'same-origin', what);
  assert.equal(textOf(got, 'cross-origin-resource-policy'), 'same-origin', what);
  assert.match(textOf(got, 'permissions-policy'), /camera=\(\).*microphone=\(\)/, what);
  assert.equal(got.headers['access-control-allow-origin'], undefined, what);
  assert.equal(got.headers['x-powered-by'], undefined, what);
  assert.equal(got.headers.server, undefined, what);
}

const filled = (path: string): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => (name === 'email' ? 'ana@example.org' : crypto.randomUUID()));

test('every route’s answer and its refusal are hardened, and neither is kept by anybody', async () => {
  assert.ok(endpoints.length > 80);
  for (const { name, method, path } of endpoints)
    for (const headers of [{}, { authorization: `Bearer ${apiKey}` }]) {
      const got = await ask(method, filled(path), headers);
      assertHardened(got, name);
      assert.match(textOf(got, 'cache-control'), /no-store/, `${name} ${got.status}`);
    }
});

test('so is what is refused before any route, and what is nobody’s', async () => {
  const asked: [string, string, Record<string, string>?][] = [
    ['GET', '/nothing'],
    ['GET', '/v1/nothing'],
    ['PATCH', '/v1/messages'],
    ['OPTIONS', '/v1/messages', { origin: 'https://evil.example', 'access-control-request-method': 'POST' }],
    ['GET', '/v1/messages/%zz'],
    ['GET', '/%2e%2e/%2e%2e/etc/passwd'],
    ['GET', `/v1/messages/${'x'.repeat(2_000)}`],
    ['GET', '/healthz'],
    ['GET', '/readyz'],
    ['GET', '/metrics'],
    ['GET', '/openapi.json'],
    ['POST', '/v1/messages', { authorization: `Bearer ${apiKey}`, 'content-type': 'text/html' }],
  ];
  for (const [method, path, headers] of asked) {
    const got = await ask(method, path, headers);
    assertHardened(got, `${method} ${path.slice(0, 60)} ${got.status}`);
    assert.doesNotMatch(got.text, /<script|stack|node_modules/, path);
  }
});

test('the console’s page lets in its own files alone, and its styles by a number used once', {
  skip: !existsSync(built) && 'the console is not built',
}, async () => {
  const pages = [];
  for (const path of ['/', '/campaigns', '/trust/audit?x=%3Cscript%3E'])
    pages.push(await ask('GET', path, { accept: 'text/html' }));
  const nonces = pages.map((page) => {
    assert.equal(page.status, 200);
    assertHardened(page, 'a page');
    assert.equal(textOf(page, 'cache-control'), 'no-store');
    const policy = policyOf(page);
    assert.equal(policy.get('script-src'), "'self'");
    for (const [directive, value] of Object.entries({
      'base-uri': "'none'",
      'form-action': "'self'",
      'connect-src': "'self'",
    }))
      assert.equal(policy.get(directive), value);
    for (const [script] of page.text.matchAll(/<script[^>]*>/g)) assert.match(script, /\ssrc="\//);
    assert.doesNotMatch(page.text, /\son\w+=|javascript:/i);
    return /'nonce-([^']+)'/.exec(policy.get('style-src') ?? '')?.[1];
  });
  assert.equal(new Set(nonces).size, pages.length);
});

test('every file of the console is hardened, and named by its content where it is kept for long', {
  skip: !existsSync(built) && 'the console is not built',
}, async () => {
  const files = readdirSync(built, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  assert.ok(files.length > 3);
  for (const file of files) {
    const path = `${file.parentPath.slice(built.length)}/${file.name}`;
    const got = await ask('GET', path);
    assertHardened(got, path);
    if (textOf(got, 'cache-control').includes('immutable')) assert.match(path, /^\/assets\/.+-[\w-]{8}\.\w+$/);
  }
});

test('the tracking host tells nobody where a reader was, and nothing is kept', async () => {
  for (const path of ['/o/AAAA', '/c/AAAA', '/', '/robots.txt', '/nothing']) {
    const got = await ask('GET', path, {}, program.ports.tracking);
    assert.equal(textOf(got, 'x-content-type-options'), 'nosniff', path);
    assert.match(textOf(got, 'referrer-policy'), /^no-referrer$/, path);
    assert.equal(got.headers['set-cookie'], undefined, path);
  }
});

test('open routes of signing in are asked so often a minute and no more, each by itself', async () => {
  const open = endpoints.filter((endpoint) => endpoint.open === true && endpoint.area === 'access');
  assert.ok(open.length >= 5);
  for (const { name, method, path } of open) {
    const statuses = [];
    for (let n = 0; n < 22; n += 1) statuses.push((await ask(method, filled(path))).status);
    assert.equal(statuses.at(-1), 429, name);
    const refused = await ask(method, filled(path));
    assertHardened(refused, name);
    assert.ok(Number(refused.headers['retry-after']) > 0, name);
  }
});
