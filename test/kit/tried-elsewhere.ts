/**
 * Statements that neither a route's call nor a flow runs, because they stand behind a loop, a fault or a race: tests of
 * their area run them, watched as test/second-wall.test.ts watches its own, and fail where one of these was not tried.
 */
import assert from 'node:assert/strict';
import { join, relative } from 'node:path';
import { after } from 'node:test';
import { watchStatements, whatWasTried } from './second-wall.ts';
import { isSite, statementSites } from './statement-sites.ts';
import { beginsAs, type NamedStatements } from './untried-statements.ts';

const repository = join(import.meta.dirname, '..', '..');

/** From here on each statement of this process is tried by others; at the end of the file those named for it were. */
export function tryStatementsHere(testFile: string): void {
  const named = triedElsewhere[relative(repository, testFile)];
  assert.ok(named, 'no statements are named for this file');
  watchStatements();
  after(() => {
    const { texts, holes } = whatWasTried();
    assert.deepEqual(holes, []);
    const untried = statementSites().filter(
      (site) => Object.entries(named).some(beginsAs(site)) && !texts.some(isSite(site)),
    );
    assert.deepEqual(
      untried.map(({ file, line }) => `${file}:${line}`),
      [],
      'no test of this file ran these',
    );
  });
}

/** By the test file, from the repository’s folder. */
export const triedElsewhere: Readonly<Record<string, NamedStatements>> = {
  'src/alerting/alerting.test.ts': {
    'src/accounts/keys/credential-store.ts': ['UPDATE users SET totp_step ='],
    'src/alerting/store.ts': [
      'INSERT INTO alert_notices (a',
      'SELECT n.user_id AS "userId"',
      'SELECT planned_at AS at, is_',
      'INSERT INTO alert_mails (acc',
      'UPDATE alert_notices SET mai',
      'SELECT a.what, a.at, a.user_',
      'UPDATE alert_mails SET accep',
      'UPDATE alert_mails SET tries',
    ],
  },
  'src/audit/search.test.ts': {
    'src/audit/search-store.ts': [
      'SELECT …::int AS at, coalesce(s',
      'SELECT … FROM audit_entries e WHERE e.ac',
      'WITH RECURSIVE known (action',
    ],
  },
  'src/emergency/emergency.test.ts': {
    'src/emergency/store.ts': ['SELECT count(*)::int AS wait'],
  },
  'src/providers/webhooks.test.ts': {
    'src/providers/store.ts': ['INSERT INTO provider_events '],
  },
  'src/provisioning/groups.test.ts': {
    'src/accounts/people/people-store.ts': [
      'SELECT count(*)::int AS owne',
      'SELECT … FROM users WHERE account_id = current_account() AND id = ANY',
    ],
    'src/audit/record.ts': ['INSERT INTO audit_entries (…) SELECT'],
    'src/accounts/people/settle-users-store.ts': [
      'UPDATE users u SET role',
      'UPDATE users SET deactivated',
      'UPDATE invitations SET ended',
      'UPDATE sessions SET ended_at',
      'UPDATE api_keys SET revoked_',
      'DELETE FROM passkeys WHERE a',
      'DELETE FROM recovery_codes W',
      'UPDATE users SET accepted_at',
    ],
    'src/provisioning/group-store.ts': [
      'SELECT group_id AS id FROM p',
      'DELETE FROM provisioned_members WHERE account_id = current_account() AND gro',
    ],
    'src/provisioning/store.ts': ['SELECT id, name FROM departm'],
  },
  'src/provisioning/users.test.ts': {
    'src/accounts/people/provisioned-users-store.ts': ['UPDATE users SET email_seale', 'UPDATE users SET accepted_at'],
    'src/provisioning/store.ts': [
      'SELECT p.user_id AS id FROM provisioned_users p WHERE p.account_id = current_account() AND p.ext',
    ],
  },
  'src/retention/retention.test.ts': {
    'src/retention/policy-store.ts': ['UPDATE retention_policies SE'],
    'src/retention/run-store.ts': [
      'SELECT message_days AS "mess',
      'SELECT … FROM retention_runs WHERE account_id = current_account() AN',
      'INSERT INTO retention_runs (',
      'UPDATE retention_runs SET ru',
      'SELECT revision FROM retenti',
      'UPDATE retention_runs SET er',
      'UPDATE retention_runs SET en',
      'SELECT m.id, m.accepted_at A',
      'SELECT DISTINCT h.message_id',
    ],
  },
  'src/returns/returns.test.ts': {
    'src/events/state-store.ts': ['UPDATE recipient_states SET complained_at'],
    'src/returns/store.ts': [
      'SELECT FROM messages WHERE a',
      'SELECT r.address_sealed AS "',
      'INSERT INTO returned_mail (a',
    ],
    'src/suppressions/store.ts': ['INSERT INTO soft_bounces (ac', 'SELECT count(*)::int AS n FR'],
  },
  'src/senders/senders.test.ts': {
    'src/senders/store.ts': [
      'UPDATE sender_domains SET ve',
      'UPDATE dkim_keys SET seen_at',
      'UPDATE dkim_keys SET retired',
    ],
  },
  'src/sending/submit-by-rest.test.ts': {
    'src/sending/erasure-store.ts': ['UPDATE idempotency_keys SET r'],
  },
  'src/upkeep/reseal.test.ts': {
    'src/upkeep/key-store.ts': [
      'SELECT sealed_key AS key FRO',
      'SELECT version, sealed_key A',
      'UPDATE accounts SET sealed_k',
      'SELECT ARRAY[…]::text[] AS k',
      'SELECT 1 FROM message_keys t',
      'SELECT … WHERE r.account_id = current_account() ORDE',
      'DELETE FROM account_keys WHE',
      'UPDATE key_rotations SET ret',
    ],
  },
  'src/upkeep/rotate-keys.test.ts': {
    'src/upkeep/key-store.ts': [
      'SELECT … WHERE r.account_id = current_account() AND r.id = … AND r.done_at',
      'SELECT m.id AS "messageId", m.accepted_at',
      'UPDATE message_keys k SET ke',
      'UPDATE key_rotations SET rewr',
      'UPDATE account_keys SET seal',
    ],
  },
  'src/upkeep/safety.test.ts': {
    'src/upkeep/safety-store.ts': ['UPDATE backup_requests SET s', 'UPDATE backup_requests SET e'],
  },
  'src/webhooks/webhooks.test.ts': {
    'src/events/feed-store.ts': [
      'DELETE FROM event_wishes WHE',
      'INSERT INTO event_feed (account_id, events) SELECT c',
    ],
    'src/retention/hold-store.ts': ['SELECT FROM departments WHER'],
    'src/webhooks/dispatch-store.ts': ['UPDATE webhook_messages SET '],
    'src/webhooks/store.ts': [
      'UPDATE webhook_endpoints SET is_enabled = tr',
      'UPDATE webhook_messages SET ',
      'UPDATE webhook_endpoints SET is_enabled = false, dis',
      'SELECT FROM departments WHER',
    ],
  },
  'test/departments.test.ts': {
    'src/reports/dimension-store.ts': ['SELECT departments_below(cur', 'SELECT id, name FROM departm'],
  },
};
