/** A row for any table that has accounts, from what the catalogue says of its columns. */
import type pg from 'pg';

const valueOfColumn: Record<string, string> = {
  tracking_level: "'off'",
  level: "'off'",
  submitted_by: "'rest'",
  outcome: "'delivered'",
  verdict: "'human'",
  strength: "'certain'",
  status: "'queued'",
  minimum_transport: "'plain'",
  kind: "'campaign'",
  provider: "'sendgrid'",
  state: "'queued'",
  version: '2',
  role: "'viewer'",
  scope: "'account'",
};
const valueIn: Record<string, string> = {
  'backup_requests.what': "'backup'",
  'dkim_keys.algorithm': "'rsa-sha256'",
  'drafts.form': "'compose'",
  'sender_domains.domain': "'clinic.example'",
  'mail_route_rules.message_class': "'marketing'",
  'destination_paces.last_outcome': "'delivered'",
  'queue_holds.campaign_id': '0',
  'returned_mail.what': "'bounced'",
  'suppressions.reason': "'manual'",
  'suppressions.scope': "'all'",
  'transport_releases.transport': "'plain'",
};
const valueOfType: Record<string, string> = {
  uuid: 'gen_random_uuid()',
  bytea: "decode(md5(random()::text), 'hex')",
  text: "'x'",
  jsonb: "'{}'",
  date: "'2026-11-22'",
  ARRAY: "'{}'",
  'timestamp with time zone': "'2026-11-22T12:00:00Z'",
  boolean: 'true',
};

/** A row that the table's constraints allow, with the values given; foreign keys are not looked at. */
export async function fillRow(
  owner: pg.Client,
  table: string,
  accountId: string,
  given: Readonly<Record<string, Buffer | string>> = {},
): Promise<void> {
  const { rows } = await owner.query<{ name: string; type: string }>(
    `SELECT column_name AS name, data_type AS type FROM information_schema.columns
     WHERE table_name = $1 AND table_schema = 'public' AND is_nullable = 'NO' AND column_default IS NULL
       AND is_identity = 'NO' AND is_generated = 'NEVER' AND NOT column_name = ANY ($2)`,
    [table, ['account_id', ...Object.keys(given)]],
  );
  const usual = rows.map(
    ({ name, type }) => valueIn[`${table}.${name}`] ?? valueOfColumn[name] ?? valueOfType[type] ?? '1',
  );
  const values = [
    ...Object.values(given).map((value) => (Buffer.isBuffer(value) ? `'\\x${value.toString('hex')}'` : `'${value}'`)),
    ...usual,
  ];
  const columns = ['account_id', ...Object.keys(given), ...rows.map((row) => row.name)].join(', ');
  await owner.query('SET session_replication_role = replica');
  await owner.query(`INSERT INTO ${table} (${columns}) VALUES (${[`'${accountId}'`, ...values].join(', ')})`);
  await owner.query('SET session_replication_role = origin');
}
