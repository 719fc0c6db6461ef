/**
 * Every setting of the program: its name in the environment, what it takes, what holds without it, and a sentence. The
 * parser, the start-up errors and docs/config.md all come from this list. A secret's value is never repeated.
 */
import { join, resolve } from 'node:path';
import {
  address,
  addresses,
  byteCount,
  cidrs,
  count,
  hostAndPorts,
  hostname,
  hoursOrOff,
  listUrl,
  oneOf,
  path,
  port,
  printable,
  roles,
  sha256,
  smtpUrls,
  sources,
  url,
} from './config-forms.ts';
import { keeperFaults, keySettings } from './config-keys.ts';
import { returnSettings } from './config-returns.ts';
import { type Setting, setting } from './config-setting.ts';
import type { ListUrls } from './networks/index.ts';

const repository = resolve(import.meta.dirname, '..');
const mebibyte = 1024 * 1024;

const publisherUrl = (name: string, absent: string, about: string): Setting<string> => ({
  name: `WAXWING_NETWORKS_${name}_URL`,
  form: listUrl,
  absent,
  about,
  isSecret: true, // an address in an own network may hold a key
});

const settings = {
  databaseUrl: setting({
    name: 'DATABASE_URL',
    form: url(['postgres:', 'postgresql:']),
    absent: undefined,
    absentMeans: 'the embedded PostgreSQL',
    isSecret: true,
    about:
      'A PostgreSQL ≥ 15 of your own, as `postgresql://user:password@host:5432/database`. Production should have one.',
  }),
  databaseConnections: setting({
    name: 'WAXWING_DATABASE_CONNECTIONS',
    form: count(4, 500),
    absent: 20,
    about: 'How many connections to PostgreSQL one process opens at most.',
  }),
  dataDir: setting({
    name: 'WAXWING_DATA_DIR',
    form: path,
    absent: join(repository, '.waxwing', 'data'),
    absentMeans: '`.waxwing/data` in the project',
    about: 'Where the embedded database and the edge’s journal are kept. One server at a time uses it.',
  }),
  keyFile: setting({
    name: 'WAXWING_KEY_FILE',
    form: path,
    absent: undefined,
    absentMeans: 'the data directory’s name with `.key` added, beside it',
    about:
      'The master key. Made with strict permissions when there is none; all processes share it. Without it nothing that was stored can be read again: back it up apart from the data.',
  }),
  ...keySettings,
  roles: setting({
    name: 'WAXWING_ROLES',
    form: roles,
    absent: ['web', 'edge', 'worker', 'smtp'] as const,
    absentMeans: '`all`',
    about: 'What this process does: `all`, or a comma list of `web`, `edge`, `worker`, `smtp`.',
  }),
  host: setting({
    name: 'WAXWING_HOST',
    form: address,
    absent: '127.0.0.1',
    about: 'The address to listen on; `0.0.0.0` or `::` for every one, when a TLS proxy or a firewall stands in front.',
  }),
  httpPort: setting({
    name: 'WAXWING_HTTP_PORT',
    form: port,
    absent: undefined,
    absentMeans: '`3000` with the role web, otherwise no such listener',
    about:
      'API and console; in a process without the role web: `/healthz`, `/readyz` and `/metrics` only. `0` takes a free port and logs it.',
  }),
  trackingPort: setting({
    name: 'WAXWING_TRACKING_PORT',
    form: port,
    absent: 3001,
    about: 'The tracking host: pixels and links.',
  }),
  smtpPort: setting({
    name: 'WAXWING_SMTP_PORT',
    form: port,
    absent: 2525,
    about: 'SMTP submission with STARTTLS.',
  }),
  smtpsPort: setting({
    name: 'WAXWING_SMTPS_PORT',
    form: port,
    absent: undefined,
    absentMeans: 'no such listener',
    about: 'SMTP submission with TLS from the first byte.',
  }),
  ...returnSettings,
  publicUrl: setting({
    name: 'WAXWING_PUBLIC_URL',
    form: url(['http:', 'https:']),
    absent: undefined,
    absentMeans: '`http://` with the listening address and port',
    about: 'Where people reach the console. With `https:` the session cookie is sent over TLS only.',
  }),
  trackingUrl: setting({
    name: 'WAXWING_TRACKING_URL',
    form: url(['http:', 'https:']),
    absent: undefined,
    absentMeans: '`http://` with the listening address and port',
    about: 'Where recipients reach the tracking host. It is written into mail, so it must stay reachable for years.',
  }),
  hostname: setting({
    name: 'WAXWING_HOSTNAME',
    form: hostname,
    absent: undefined,
    absentMeans: 'the host of `WAXWING_PUBLIC_URL`, or `localhost`',
    about: 'The name this server gives itself in SMTP: greeting, EHLO and its own certificate.',
  }),
  sendingAddresses: setting({
    name: 'WAXWING_SENDING_ADDRESSES',
    form: addresses,
    absent: undefined,
    absentMeans: 'the addresses of `WAXWING_HOSTNAME`, where mail goes out directly',
    about:
      'From which addresses mail leaves, as its receivers see them: what SPF is checked by. See [sender domains](sender-domains.md).',
  }),
  heloName: setting({
    name: 'WAXWING_HELO_NAME',
    form: hostname,
    absent: undefined,
    absentMeans: '`WAXWING_HOSTNAME`',
    about:
      'The name that is said in EHLO to other mail servers. The address that mail leaves from should have it in the DNS, both ways.',
  }),
  sourceAddresses: setting({
    name: 'WAXWING_SOURCE_ADDRESSES',
    form: sources,
    absent: undefined,
    absentMeans: 'the system chooses',
    about:
      'The addresses of this machine that mail leaves from, each with the name that is said in EHLO there. A host is reached from one of its own family, IPv4 or IPv6, only. See [routes](routes.md).',
  }),
  relayNetworks: setting({
    name: 'WAXWING_RELAY_NETWORKS',
    form: cidrs,
    absent: [] as readonly string[],
    absentMeans: 'none',
    about:
      'Networks that are not public and that relays of accounts’ own routes may be in, such as `10.1.0.0/16`. The relays of `WAXWING_SMARTHOST` may be anywhere. See [routes](routes.md).',
  }),
  smarthost: setting({
    name: 'WAXWING_SMARTHOST',
    form: smtpUrls,
    absent: undefined,
    absentMeans: 'each recipient’s own MX',
    about:
      'The relay that all mail goes through, or several with priorities and weights: `smtp://host:port`, or `smtps://host:port` for TLS from the first byte. See [routes](routes.md).',
  }),
  smarthostAuthFile: setting({
    name: 'WAXWING_SMARTHOST_AUTH_FILE',
    form: path,
    absent: undefined,
    absentMeans: 'no sign-in',
    about:
      'A file with the relay’s user name and password, one a line. A relay may name a file of its own with `?auth=`, or `none`.',
  }),
  smarthostPin: setting({
    name: 'WAXWING_SMARTHOST_PIN',
    form: sha256,
    absent: undefined,
    absentMeans: 'no pin',
    about:
      'SHA-256 of the relay’s public key (SPKI), in hexadecimal or base64, or by `?pin=` of its own. A relay that shows another key gets no message; one that shows this key meets `authenticated`.',
  }),
  mxPort: setting({
    name: 'WAXWING_MX_PORT',
    form: port,
    absent: 25,
    about: 'The port of other people’s mail servers. Only a test laboratory changes it.',
  }),
  retryBaseMs: setting({
    name: 'WAXWING_RETRY_BASE_MS',
    form: count(10, 3_600_000),
    absent: 15_000,
    about:
      'How long a delivery that failed for now waits before it is tried again the first time. The later waits are multiples of it: 4, 20, 60, 120, 240, 480 and then 960 times, until the message is five days old.',
  }),
  dnsServers: setting({
    name: 'WAXWING_DNS_SERVERS',
    form: hostAndPorts,
    absent: undefined,
    absentMeans: 'those of the system',
    about: 'Name servers to ask, as a comma list of `address` or `address:port`.',
  }),
  dnsValidates: setting({
    name: 'WAXWING_DNS_VALIDATES',
    form: oneOf(['true', 'false']),
    absent: 'false' as const,
    about:
      '`true`: the name servers of `WAXWING_DNS_SERVERS` validate with DNSSEC, and nobody on the way to them can change what they say (best: one on this machine). DANE is then used. See [transport](transport.md).',
  }),
  trustedProxies: setting({
    name: 'WAXWING_TRUSTED_PROXIES',
    form: cidrs,
    absent: [] as readonly string[],
    absentMeans: 'none',
    about: 'Proxies whose `X-Forwarded-For` is believed, as a comma list of networks such as `10.0.0.0/8`.',
  }),
  backupDir: setting({
    name: 'WAXWING_BACKUP_DIR',
    form: path,
    absent: undefined,
    absentMeans: 'given to the command',
    about:
      'Where `waxwing backup` puts backups. With it a process with the role worker makes backups by plan and when the console asks, writes the log of erasures there within seconds and ends old copies of keys. See [backup](backup.md).',
  }),
  bootstrapApiKey: setting({
    name: 'WAXWING_BOOTSTRAP_API_KEY',
    form: printable(8, 200),
    absent: undefined,
    absentMeans: 'a new key is made',
    isSecret: true,
    about: 'On an empty database: the API key of the first account.',
  }),
  maxMessageBytes: setting({
    name: 'WAXWING_MAX_MESSAGE_BYTES',
    form: byteCount(64 * 1024, 512 * mebibyte),
    absent: 35 * mebibyte,
    absentMeans: '36700160 (35 MiB)',
    about: 'The largest message that is accepted, as it would be sent.',
  }),
  maxJournalBytes: setting({
    name: 'WAXWING_JOURNAL_MAX_BYTES',
    form: byteCount(mebibyte, 1024 * 1024 * mebibyte),
    absent: 8 * 1024 * mebibyte,
    absentMeans: '8589934592 (8 GiB)',
    about:
      'How much disk the hits may take that the database has not got yet. Beyond it answers go out, hits are lost and counted.',
  }),
  tlsCertFile: setting({
    name: 'WAXWING_TLS_CERT_FILE',
    form: path,
    absent: undefined,
    absentMeans: 'a self-signed certificate is made',
    about: 'The certificate chain for SMTP submission, PEM. Needs `WAXWING_TLS_KEY_FILE` too.',
  }),
  tlsKeyFile: setting({
    name: 'WAXWING_TLS_KEY_FILE',
    form: path,
    absent: undefined,
    absentMeans: 'a self-signed certificate is made',
    about: 'The private key of that certificate, PEM.',
  }),
  networksRefreshHours: setting({
    name: 'WAXWING_NETWORKS_REFRESH_HOURS',
    form: hoursOrOff(1, 168),
    absent: 24,
    about:
      'How often the role worker asks publishers for their lists of networks, give or take a tenth; `off`: never. See [networks](networks.md).',
  }),
  networksAppleUrl: publisherUrl(
    'APPLE',
    'https://mask-api.icloud.com/egress-ip-ranges.csv',
    'Apple’s relays: Mail Privacy Protection and Private Relay.',
  ),
  networksGoogleUrl: publisherUrl(
    'GOOGLE',
    'https://www.gstatic.com/ipranges/goog.json',
    'Google’s addresses; used without those of its cloud’s customers, so it needs the next but one too.',
  ),
  networksGoogleFetchersUrl: publisherUrl(
    'GOOGLE_FETCHERS',
    'https://developers.google.com/static/search/ipranges/user-triggered-fetchers-google.json',
    'Google’s fetchers that a person’s act sets off.',
  ),
  networksGoogleCloudUrl: publisherUrl(
    'GOOGLE_CLOUD',
    'https://www.gstatic.com/ipranges/cloud.json',
    'Google Cloud, whose customers are not Google.',
  ),
  networksMicrosoftMailUrl: publisherUrl(
    'MICROSOFT_MAIL',
    'https://endpoints.office.com/endpoints/worldwide?ServiceAreas=Exchange',
    'The Microsoft 365 endpoints; of them Exchange Online Protection is used.',
  ),
  networksMicrosoftUrl: publisherUrl(
    'MICROSOFT',
    'off',
    'Microsoft’s wider network: an Azure service tags file or plain prefixes. Without it the AS numbers tell.',
  ),
  networksAmazonUrl: publisherUrl(
    'AMAZON',
    'https://ip-ranges.amazonaws.com/ip-ranges.json',
    'Amazon Web Services, a data centre.',
  ),
  networksAsnUrl: setting({
    name: 'WAXWING_NETWORKS_ASN_URL',
    form: listUrl,
    absent: undefined,
    isSecret: true,
    absentMeans: 'the table that comes with the program',
    about:
      'Which autonomous system has which addresses, `first,last,number,…` a line by commas or tabs, gzip allowed; `off`: no such table at all.',
  }),
  ssoAllowPrivate: setting({
    name: 'WAXWING_SSO_ALLOW_PRIVATE',
    form: oneOf(['true', 'false']),
    absent: 'false' as const,
    about:
      '`true`: identity providers in private networks may be connected, and over `http://` on this machine. Whoever manages an account’s people names their addresses, so leave it off where accounts belong to strangers. See [single sign-on](single-sign-on.md).',
  }),
  webhooksAllowPrivate: setting({
    name: 'WAXWING_WEBHOOKS_ALLOW_PRIVATE',
    form: oneOf(['true', 'false']),
    absent: 'false' as const,
    about:
      '`true`: webhooks may lead into private networks, and over `http://` to this machine. Whoever manages an account’s webhooks names their addresses, so leave it off where accounts belong to strangers. See [webhooks](webhooks.md).',
  }),
  logLevel: setting({
    name: 'WAXWING_LOG_LEVEL',
    form: oneOf(['debug', 'info', 'warn', 'error']),
    absent: 'info' as const,
    about: 'The least important kind of line that is logged.',
  }),
};

type Settings = typeof settings;
type ValueOf<S> = S extends Setting<infer Value, infer Absent> ? Value | Absent : never;
type Values = { readonly [Key in keyof Settings]: ValueOf<Settings[Key]> };

export interface Config extends Omit<Values, 'keyFile'> {
  readonly keyFile: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** All that is wrong with the environment, one sentence a fault. */
export class ConfigFaults extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The settings are not usable:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

export function readConfig(environment: Environment): { config: Config; warnings: string[] } {
  const faults: string[] = [];
  const values = Object.fromEntries(
    Object.entries(settings).map(([key, one]) => [key, readOne(one as Setting<unknown>, environment, faults)]),
  ) as unknown as Values;
  faults.push(...conflicts(values));
  if (faults.length > 0) throw new ConfigFaults(faults);
  const warnings = unknownNames(environment);
  if (values.trackingUrl === undefined && !/^(127\.|::1$|localhost$)/.test(values.host))
    warnings.push('WAXWING_TRACKING_URL is not set: links in mail sent now lead to this machine only, for good.');
  if (values.bouncePort !== undefined && values.bounceDomain === undefined)
    warnings.push('WAXWING_BOUNCE_PORT without WAXWING_BOUNCE_DOMAIN: no mail is told to come back there.');
  return {
    config: { ...values, keyFile: values.keyFile ?? `${values.dataDir}.key`, httpPort: httpPortOf(values) },
    warnings,
  };
}

const httpPortOf = (values: Values): number | undefined =>
  values.httpPort ?? (values.roles.includes('web') ? 3000 : undefined);

function readOne(one: Setting<unknown>, environment: Environment, faults: string[]): unknown {
  const text = environment[one.name]?.trim() ?? '';
  if (text === '') return one.absent;
  const value = one.form.parse(text);
  if (value !== undefined) return value;
  const given = one.isSecret ? 'its value' : JSON.stringify(text.slice(0, 100));
  faults.push(`${one.name}: ${given} is not ${one.form.expects}. Correct it, or unset it for ${absence(one)}.`);
  return one.absent;
}

function conflicts(values: Values): string[] {
  const faults: string[] = [];
  if ((values.tlsCertFile === undefined) !== (values.tlsKeyFile === undefined))
    faults.push('WAXWING_TLS_CERT_FILE and WAXWING_TLS_KEY_FILE belong together. Set both, or neither.');
  if (values.smarthostAuthFile !== undefined && values.smarthost === undefined)
    faults.push('WAXWING_SMARTHOST_AUTH_FILE is set without WAXWING_SMARTHOST. Set that too, or unset this.');
  if (values.smarthostPin !== undefined && values.smarthost === undefined)
    faults.push('WAXWING_SMARTHOST_PIN is set without WAXWING_SMARTHOST. Set that too, or unset this.');
  if (values.dnsValidates === 'true' && values.dnsServers === undefined)
    faults.push('WAXWING_DNS_VALIDATES is true without WAXWING_DNS_SERVERS. Name the servers that validate.');
  faults.push(...keeperFaults(values));
  const ports = [settings.httpPort, settings.trackingPort, settings.smtpPort, settings.smtpsPort, settings.bouncePort];
  const given = [httpPortOf(values), values.trackingPort, values.smtpPort, values.smtpsPort, values.bouncePort];
  for (const [index, one] of ports.entries()) {
    const first = given.indexOf(given[index]);
    if (first === index || (given[index] ?? 0) === 0) continue;
    faults.push(`${one.name}: port ${given[index]} is taken by ${ports[first]?.name}. Give it another port, or 0.`);
  }
  return faults;
}

/** A misspelt setting would be a setting silently not set. */
function unknownNames(environment: Environment): string[] {
  const names = Object.values(settings).map((one) => one.name);
  return Object.keys(environment)
    .filter((name) => name.startsWith('WAXWING_') && !name.startsWith('WAXWING_TEST_') && !names.includes(name))
    .map((name) => {
      const nearest = names.reduce((best, other) => (distance(name, other) < distance(name, best) ? other : best));
      return `${name} is not a setting of this version; did you mean ${nearest}?`;
    });
}

/** Levenshtein's: how many letters to insert, delete or replace. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...to].entries())
      next.push(Math.min((row[j] ?? 0) + (letter === other ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    row = next;
  }
  return row[to.length] ?? 0;
}

export { keyProvider } from './config-keys.ts';

/** Where lists of networks are fetched, and how often; null: nobody is asked. */
export function networkRefresh(config: Config): { readonly urls: ListUrls; readonly intervalMs: number } | null {
  const { networksRefreshHours: hours } = config;
  return hours === 0 ? null : { urls: listUrls(config), intervalMs: hours * 3_600_000 };
}

/** Those that are not switched off. */
export function listUrls(config: Config): ListUrls {
  const urls: Record<keyof ListUrls, string | undefined> = {
    'apple-egress': config.networksAppleUrl,
    google: config.networksGoogleUrl,
    'google-fetchers': config.networksGoogleFetchersUrl,
    'google-cloud': config.networksGoogleCloudUrl,
    'microsoft-mail': config.networksMicrosoftMailUrl,
    microsoft: config.networksMicrosoftUrl,
    amazon: config.networksAmazonUrl,
    'autonomous-systems': config.networksAsnUrl,
  };
  return Object.fromEntries(Object.entries(urls).filter(([, url]) => url !== undefined && url !== 'off'));
}

const absence = (one: Setting<unknown>): string => one.absentMeans ?? `\`${String(one.absent)}\``;

/** docs/config.md. */
export function configDocument(): string {
  const rows = Object.values(settings).map((one) => {
    const { name, form, about } = one as Setting<unknown>;
    return `| \`${name}\` | ${form.expects} | ${absence(one as Setting<unknown>)} | ${about} |`;
  });
  return [
    '# Settings',
    '',
    'All are environment variables and all are optional; an empty one counts as unset. What is wrong with them is said',
    'at the start, all at once. This page is written by `npm run docs` from `src/config.ts`.',
    '',
    '| name | takes | without it | what it is for |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
