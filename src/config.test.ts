import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigFaults, configDocument, networkRefresh, readConfig } from './config.ts';
import { sendingNames } from './config-hostname.ts';

const faultsOf = (environment: Record<string, string>): readonly string[] => {
  try {
    readConfig(environment);
  } catch (error) {
    assert.ok(error instanceof ConfigFaults);
    return error.faults;
  }
  return [];
};

test('an empty environment is a usable one, and an empty value counts as unset', () => {
  const { config } = readConfig({ WAXWING_HTTP_PORT: '', WAXWING_ROLES: ' ' });
  assert.equal(config.httpPort, 3000);
  assert.deepEqual(config.roles, ['web', 'edge', 'worker', 'smtp']);
  assert.equal(config.databaseUrl, undefined);
});

test('the master key is beside the data directory, never in it', () => {
  const { config } = readConfig({ WAXWING_DATA_DIR: '/srv/waxwing/' });
  assert.deepEqual([config.dataDir, config.keyFile], ['/srv/waxwing', '/srv/waxwing.key']);
});

test('all faults are told at once, each with the setting, the fault and the remedy', () => {
  const faults = faultsOf({ WAXWING_HTTP_PORT: '70000', WAXWING_ROLES: 'web,sender', WAXWING_SMARTHOST: 'relay:25' });
  assert.equal(faults.length, 3);
  assert.equal(
    faults.find((fault) => fault.startsWith('WAXWING_HTTP_PORT')),
    'WAXWING_HTTP_PORT: "70000" is not a port from 0 to 65535. Correct it, or unset it for `3000` with the role web, otherwise no such listener.',
  );
});

test('relays are a list, and the addresses that mail leaves from may have names', () => {
  const text = 'smtp://one.example:25?weight=3, smtps://two.example?priority=20';
  const { config } = readConfig({
    ...{ WAXWING_SMARTHOST: text, WAXWING_SOURCE_ADDRESSES: '192.0.2.5=mail1.clinic.example, 2001:db8::5' },
    ...{ WAXWING_HOSTNAME: 'waxwing.clinic.example', WAXWING_HELO_NAME: 'out.clinic.example' },
  });
  assert.equal(config.smarthost, text);
  assert.deepEqual(config.sourceAddresses, [
    { address: '192.0.2.5', heloName: 'mail1.clinic.example' },
    { address: '2001:db8::5', heloName: null },
  ]);
  assert.deepEqual(sendingNames(config), {
    helloName: 'out.clinic.example',
    ownNames: ['waxwing.clinic.example', 'out.clinic.example', 'mail1.clinic.example'],
  });
  for (const [name, wrong] of [
    ['WAXWING_SMARTHOST', 'smtp://one.example?wieght=3'],
    ['WAXWING_SOURCE_ADDRESSES', 'mail.example'],
    ['WAXWING_SOURCE_ADDRESSES', '192.0.2.5,192.0.2.5'],
    ['WAXWING_SOURCE_ADDRESSES', '192.0.2.5=a b'],
    ['WAXWING_RELAY_NETWORKS', '10.0.0.0/33'],
  ] as const)
    assert.match(faultsOf({ [name]: wrong }).join(), new RegExp(`^${name}`), wrong);
});

test('a secret is not repeated, whatever is wrong with it', () => {
  const [fault = ''] = faultsOf({ DATABASE_URL: 'mysql://root:hunter2@db/x' });
  assert.match(fault, /^DATABASE_URL: its value is not a URL that begins with/);
  assert.doesNotMatch(fault, /hunter2/);
  assert.doesNotMatch(faultsOf({ WAXWING_BOOTSTRAP_API_KEY: 'short' }).join(), /short/);
});

test('two listeners cannot have one port, unless it is any', () => {
  assert.match(
    faultsOf({ WAXWING_HTTP_PORT: '3001' }).join(),
    /WAXWING_TRACKING_PORT: port 3001 is taken by WAXWING_HTTP_PORT/,
  );
  assert.deepEqual(faultsOf({ WAXWING_HTTP_PORT: '0', WAXWING_TRACKING_PORT: '0', WAXWING_SMTP_PORT: '0' }), []);
});

test('a certificate without its key is refused', () => {
  assert.match(faultsOf({ WAXWING_TLS_CERT_FILE: '/etc/tls.pem' }).join(), /belong together/);
});

test('a misspelt setting is named, with the one that was probably meant', () => {
  const { warnings } = readConfig({ WAXWING_HTPP_PORT: '1', PATH: '/bin' });
  assert.deepEqual(warnings, ['WAXWING_HTPP_PORT is not a setting of this version; did you mean WAXWING_HTTP_PORT?']);
});

test('a process without the role web has no HTTP listener unless a port is asked for', () => {
  assert.equal(readConfig({ WAXWING_ROLES: 'edge' }).config.httpPort, undefined);
  assert.equal(readConfig({ WAXWING_ROLES: 'edge', WAXWING_HTTP_PORT: '9100' }).config.httpPort, 9100);
});

test('the document tells every setting', () => {
  const document = configDocument();
  for (const name of [
    'DATABASE_URL',
    'WAXWING_DATA_DIR',
    'WAXWING_KEY_FILE',
    'WAXWING_TRUSTED_PROXIES',
    'WAXWING_BOUNCE_PORT',
  ])
    assert.ok(document.includes(`| \`${name}\` |`), name);
});

test('a server for others is warned that its mail would carry links to itself only', () => {
  const open = { WAXWING_HOST: '0.0.0.0' };
  assert.match(readConfig(open).warnings.join(), /WAXWING_TRACKING_URL is not set/);
  assert.deepEqual(readConfig({ ...open, WAXWING_TRACKING_URL: 'https://t.clinic.example' }).warnings, []);
});

test('a list of networks comes over https, or over http from home', () => {
  const faultOf = (url: string): string => faultsOf({ WAXWING_NETWORKS_APPLE_URL: url }).join();
  for (const url of [
    'https://mirror.example/a.csv',
    'http://127.0.0.1:8080/a',
    'http://[::1]/a',
    'http://10.1.2.3/a',
    'http://localhost/a',
    'off',
  ])
    assert.equal(faultOf(url), '', url);
  for (const url of [
    'http://mirror.example/a.csv',
    'http://17.0.0.1/a',
    'http://localhost.example/a',
    'ftp://10.0.0.1/a',
    'file:///etc/passwd',
    'https://user:hunter2@mirror.example/a',
    'x',
  ]) {
    assert.match(faultOf(url), /^WAXWING_NETWORKS_APPLE_URL: its value is not `off`, an `https:\/\/` URL/, url);
    assert.doesNotMatch(faultOf(url), /hunter2/);
  }
});

test('asking for lists of networks can be switched off, all or one', () => {
  const { config } = readConfig({ WAXWING_NETWORKS_REFRESH_HOURS: 'off' });
  assert.equal(networkRefresh(config), null);
  const one = networkRefresh(readConfig({ WAXWING_NETWORKS_APPLE_URL: 'off' }).config);
  assert.equal(one?.intervalMs, 24 * 3_600_000);
  assert.deepEqual(Object.keys(one?.urls ?? {}), [
    'google',
    'google-fetchers',
    'google-cloud',
    'microsoft-mail',
    'amazon',
  ]);
  assert.match(faultsOf({ WAXWING_NETWORKS_REFRESH_HOURS: '0' }).join(), /from 1 to 168, or `off`/);
});
