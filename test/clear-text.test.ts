/** Every column that could hold words in clear, with the reason why nobody's health stands in it. A new one needs its own. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { type TestWorld, testWorld } from './kit/world.ts';

let world: TestWorld;
let owner: pg.Client;
before(async () => {
  world = await testWorld();
  owner = new pg.Client(world.database.connection);
  await owner.connect();
});
after(async () => {
  await owner.end();
  await world.close();
});

const choice = 'one of a few words of the program’s own';
const id = 'ids and kinds';
const counts = 'counts under the program’s own words';
const ownName = 'staff name a thing of their own organisation; the interface asks for no patient’s name (decision 6)';
const nextHop = 'the name of a mail server, of rows from before such names were sealed (decision 6)';
const gateway =
  'the end of a known gateway’s name, shared by its customers; whole names in rows from before (decision 6)';
const publisher = 'of a publisher’s public list, asked for by the installation';

const reasons: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  account_settings: {
    tracking_level: choice,
    view: choice,
    minimum_transport: choice,
    time_zone: 'a zone’s name',
    disabled_rules: 'names of rules',
    feedback_id: choice,
  },
  accounts: { name: ownName },
  alert_mails: { last_problem: 'a code' },
  alerts: { what: choice, detail: id },
  api_keys: {
    name: ownName,
    hint: 'four letters of the secret’s 32',
    permissions: choice,
    allowed_networks: 'networks of the customer’s own programs',
  },
  audit_checkpoints: { key_id: 'a fingerprint', signature: 'a signature' },
  audit_entries: {
    ...{ actor_kind: choice, actor_id: id, action: choice, object_kind: choice, object_id: id, outcome: choice },
    ...{
      detail: 'ids, counts and choices: contract/audit-actions.ts allows nothing else',
      reason_kind: choice,
      reason_id: id,
    },
  },
  backup_requests: { what: choice, fault: 'a sentence of the program’s own, with a path' },
  backups: { fault: 'a sentence of the program’s own, with a path' },
  deliveries: { held_because: choice },
  delivery_attempts: { outcome: choice, why: choice, host: nextHop, tls: 'a version and a cipher' },
  departments: { name: ownName, minimum_transport: choice, tracking_level: choice },
  destination_paces: { last_outcome: choice, last_why: choice },
  destination_replies: { outcome: choice, why: choice },
  dimensions: { kind: choice },
  dkim_keys: { selector: 'a name of the program’s own', algorithm: choice, public_key: 'published in the DNS' },
  drafts: { form: 'the name of a form: letters, digits and hyphens' },
  emergency_accesses: { category: choice, permissions: choice, ended_by: choice, outcome_of_review: choice },
  emergency_settings: { openers: choice },
  erasures: { certificate: 'ids, counts, a time and a signature' },
  event_feed: { events: id },
  event_wishes: { types: choice },
  events: { type: choice },
  housekeeping: { task: choice },
  key_rotations: { data_column: 'a column’s name', data_key: id },
  legal_holds: {
    scope: choice,
    placed_by_kind: choice,
    placed_by_id: id,
    released_by_kind: choice,
    released_by_id: id,
  },
  messages: { submitted_by: choice, provider: choice },
  network_lists: {
    ...{ name: choice, source: publisher, etag: publisher, last_modified: publisher, asked_url: publisher },
    ...{ refusal_code: choice, refusal_text: 'a sentence of the program’s own' },
  },
  passkeys: { transports: choice, name: 'what a user calls a device of their own' },
  provider_connections: { provider: choice, name: ownName, last_refusal: 'a sentence of the program’s own' },
  provisioned_groups: { role: choice },
  provisioned_users: { role_given: choice },
  provisioning: { default_role: choice, without_group: choice },
  provisioning_faults: { request: choice, code: 'a code' },
  recipient_states: {
    status: choice,
    delivered_via: choice,
    delivered_by: nextHop,
    gateway_mx: gateway,
    gateway_mx_source: choice,
  },
  recipients: { tracking_level: choice },
  rejudgement_examples: { rule: 'a rule’s name', example: 'ids, and reasons in the rules’ own words' },
  rejudgements: {
    ...{ asked_by_kind: choice, asked_by_id: id, disabled_rules: 'names of rules', ruleset: 'a digest', state: choice },
    ...{ why: choice, tally: counts, place: 'ids and times' },
  },
  retention_runs: { ended_how: choice },
  rollup_deltas: { grain: choice },
  rollups: { grain: choice },
  rulesets: { name: 'a digest of rules' },
  scanner_habit_blocks: { people: counts },
  scanner_habit_copies: { lesson: 'counts, delays and keyed hashes' },
  scanner_habits: { tallies: counts },
  schema_migrations: { name: 'a file’s name', checksum: 'a digest' },
  session_limits: { role: choice },
  sender_domains: {
    domain: 'a domain of the organisation’s own',
    proof: 'chance, published in the DNS',
    report: 'what stands in the public DNS, and sentences of the program’s own',
  },
  sessions: { opened_by: choice },
  settling: { consumer: choice },
  sso_connections: { reach: choice },
  sso_domains: { last_seen: choice },
  returned_mail: { what: choice },
  suppressions: { reason: choice, scope: choice },
  tracking_consents: { level: choice },
  transport_releases: { transport: choice, released_by_kind: choice, released_by_id: id },
  mail_route_rules: { message_class: choice },
  relay_states: { state: choice, last_why: 'a code' },
  transport_rules: { minimum_transport: choice },
  unsubscribe_pages: {
    organisation: 'shown to anybody who follows an unsubscribe link, as its own name',
    words: 'shown to anybody who follows an unsubscribe link; the form says so',
  },
  users: {
    role: choice,
    permissions: choice,
    password_hash: 'Argon2id over the password and a key outside the database',
    reach: choice,
  },
  webhook_attempts: { outcome: choice },
  webhook_endpoints: { description: ownName, event_types: choice, disabled_because: choice },
  webhook_events: { type: choice, verdict: choice, strength: choice, actor: choice },
  webhook_messages: { type: choice, state: choice, data: id },
  verdict_changes: { was: 'a verdict and names of rules', became: 'a verdict and names of rules' },
  verdicts: {
    verdict: choice,
    strength: choice,
    actor: choice,
    reasons: 'names of rules with numbers',
    ruleset: 'a digest',
  },
};

/** Types that hold no words: numbers, times, ids, and bytes (which reseal.test.ts and the canary look after). */
const wordless =
  /^(bytea|uuid|boolean|smallint|integer|bigint|double precision|numeric|date|timestamp with time zone)(\[\])?$/;

test('a column that could hold words in clear is listed with the reason why it may', async () => {
  const { rows } = await owner.query<{ table: string; column: string; type: string }>(
    `SELECT c.relname AS table, a.attname AS column, format_type(a.atttypid, NULL) AS type
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
      WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
        AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, 2`,
  );
  const clear = rows.filter(({ type }) => !wordless.test(type)).map(({ table, column }) => `${table}.${column}`);
  assert.ok(clear.length > 80, String(clear.length));
  const listed = Object.entries(reasons).flatMap(([table, columns]) =>
    Object.keys(columns).map((column) => `${table}.${column}`),
  );
  assert.deepEqual(
    clear.filter((name) => !listed.includes(name)),
    [],
    'not listed: seal it, or say why it is no PHI',
  );
  assert.deepEqual(
    listed.filter((name) => !clear.includes(name)),
    [],
    'listed, and gone',
  );
});

test('no column’s name promises a person’s address, name, subject or words in clear', async () => {
  const { rows } = await owner.query<{ name: string }>(
    `SELECT c.relname || '.' || a.attname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
      WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
        AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid <> 'bytea'::regtype
        AND a.attname ~ '(email|address|subject|phone|agent|remote|url$|^ip|_ip|body|note$|comment|matter)'`,
  );
  assert.deepEqual(rows.map(({ name }) => name).sort(), ['network_lists.asked_url', 'provisioned_users.email_indexes']);
});
