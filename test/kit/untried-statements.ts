/**
 * Statements that nobody tries as another account, by file and as they begin, with the reason. A new statement that no
 * route or flow runs is told by test/second-wall.test.ts: it belongs into a route's call, or here.
 */

import type { StatementSite } from './statement-sites.ts';

/** Each list: how statements of that file begin, values as `…`. */
export type NamedStatements = Readonly<Record<string, readonly string[]>>;

export interface Untried {
  readonly because: string;
  readonly files: NamedStatements;
}

export const beginsAs =
  ({ file, parts }: StatementSite) =>
  ([of, beginnings]: [string, readonly string[]]): boolean =>
    of === file && beginnings.some((begin) => parts.join('…').trim().startsWith(begin));

export const untried: readonly Untried[] = [
  {
    because:
      'Of the installation, of the catalogue, or of a table that belongs to no account: there is nobody else to try them.',
    files: {
      'src/accounts/store.ts': ['SELECT pg_advisory_xact_lock'],
      'src/accounts/try-store.ts': [
        'INSERT INTO failed_tries (wh',
        'SELECT who, failures, last_at AS "lastAt" FROM failed_tries WHERE who = ANY ',
        'SELECT who, failures, last_at AS "lastAt" FROM failed_tries WHERE who = …',
        'UPDATE failed_tries SET last',
        'UPDATE failed_tries SET failures = …',
        'DELETE FROM failed_tries WHERE who =',
        'UPDATE failed_tries SET failures = f',
        'DELETE FROM failed_tries WHERE who I',
      ],
      'src/audit/chain-store.ts': ['SELECT pg_advisory_xact_lock'],
      'src/delivery/pace-store.ts': [
        'INSERT INTO delivery_workers',
        'DELETE FROM delivery_workers WHERE u',
        'SELECT count(*) AS alive FRO',
        'DELETE FROM delivery_workers WHERE i',
      ],
      'src/delivery/queue-bell.ts': ["SELECT set_config('synchrono"],
      'src/delivery/sts-store.ts': [
        'SELECT policy FROM mta_sts_p',
        'INSERT INTO mta_sts_policies',
        'WITH due AS ( SELECT domain_',
        'DELETE FROM mta_sts_policies',
      ],
      'src/delivery/tls-store.ts': ['INSERT INTO tls_sessions AS ', 'WITH one AS ( SELECT day, d'],
      'src/tls-reports/store.ts': [
        'INSERT INTO tls_reports_due ',
        'WITH due AS ( SELECT id FROM tls_rep',
        'UPDATE tls_reports_due SET r',
        'DELETE FROM tls_reports_due WHERE id',
        'SELECT account_id AS "accoun',
        'DELETE FROM tls_sessions WHE',
        'DELETE FROM tls_reports_due WHERE gi',
        'SELECT prune_tls_reports(…::',
        'INSERT INTO tls_reports (acc',
        'SELECT count(*)::int AS repo',
      ],
      'src/events/fold-store.ts': ['SELECT ensure_event_partitio'],
      'src/main.ts': ['SELECT 1'],
      'src/networks/store.ts': [
        'SELECT name, revision, prefi',
        'SELECT name, content FROM ne',
        'INSERT INTO network_lists AS l (name, as',
        'UPDATE network_lists SET claimed_until = … W',
        'UPDATE network_lists SET claimed_until = NUL',
        'INSERT INTO network_lists AS l (name, re',
        'UPDATE network_lists SET revision = revision + 1, fe',
        'UPDATE network_lists SET che',
        'UPDATE network_lists SET revision = revision + 1, co',
        'UPDATE network_lists SET due',
      ],
      'src/platform/installation.ts': ['INSERT INTO installation (ke', 'SELECT key_check AS "keyChec'],
      'src/retention/tidy-store.ts': [
        'SELECT prune_table(…, …::tim',
        'SELECT drop_event_month(…::t',
        'SELECT removed_before AS at ',
        'INSERT INTO housekeeping AS ',
        'UPDATE housekeeping SET remo',
        'SELECT count(*)::int AS n FR',
      ],
      'src/routing/store.ts': [
        'INSERT INTO relay_states (re',
        'DELETE FROM relay_states WHE',
        'SELECT relay_id AS "relayId"',
      ],
      'src/suppressions/store.ts': ['SELECT prune_returns(…::time'],
      'src/tracking/request-key-store.ts': ['SELECT of_account, days FROM'],
      'src/tracking/store.ts': ['SELECT segment, offset_bytes', 'INSERT INTO journal_position'],
      'src/upkeep/key-store.ts': ['SELECT names, types FROM key'],
      'src/upkeep/safety-store.ts': [
        'SELECT id, full_id IS NOT NU',
        'INSERT INTO backups (id, sta',
        'UPDATE backups SET removed_a',
        'UPDATE backups SET checked_a',
        'SELECT checked_at AS at FROM',
      ],
    },
  },
  {
    because:
      'The worker’s, whose queues are those of all accounts (see the grants to waxwing_worker in migrations/): it asks for all of them, or names the account itself.',
    files: {
      'src/accounts/store.ts': ['SELECT account_id AS "accountId", na'],
      'src/alerting/store.ts': ['SELECT account_id AS "accoun'],
      'src/audit/chain-store.ts': [
        'SELECT DISTINCT account_id F',
        'SELECT count(*)::int AS wait',
        'SELECT entry_id FROM audit_w',
      ],
      'src/audit/search-store.ts': ['SELECT ARRAY(…) AS ids FROM unne'],
      'src/audit/search-ways.ts': ['SELECT … FROM audit_entries e WHERE e.account_id = current_account() AND … IS'],
      'src/delivery/claim-store.ts': [
        'SELECT … AS transactional, …',
        'SELECT least((SELECT min(due',
        'UPDATE deliveries d SET due_at = …, ',
        'WITH due AS ( SELECT recipie',
        'WITH RECURSIVE account (id, ',
        'WITH found AS ( SELECT one.r',
        'UPDATE deliveries d SET due_at = … F',
        'UPDATE deliveries d SET due_at = p.d',
      ],
      'src/delivery/pace-store.ts': ['INSERT INTO destination_pace', 'DELETE FROM destination_pace'],
      'src/delivery/queue-store.ts': ["UPDATE deliveries SET held_because = 'qu"],
      'src/delivery/reply-store.ts': ['INSERT INTO destination_repl', 'DELETE FROM destination_repl'],
      'src/delivery/store.ts': ['SELECT (SELECT count(*) FROM'],
      'src/emergency/store.ts': ['SELECT DISTINCT account_id A'],
      'src/events/event-store.ts': ['INSERT INTO verdict_changes '],
      'src/events/feed-store.ts': ['WITH RECURSIVE fed AS ( (SEL'],
      'src/events/fold-store.ts': [
        'WITH held AS ( SELECT id FRO',
        'DELETE FROM rollups r USING ',
        'SELECT count(*) AS waiting F',
      ],
      'src/events/message-sealers.ts': ['SELECT message_id AS "messag'],
      'src/events/place-store.ts': ['UPDATE recipient_states s SE', 'UPDATE link_states s SET acc'],
      'src/habits/habit-store.ts': [
        'SELECT … FROM scanner_habits WHERE account_id = … AND do',
        'SELECT count(*) AS n FROM sc',
        'INSERT INTO scanner_habits (',
        'SELECT … FROM unnest(…::bigi',
        'SELECT b.domain_id AS "domainId", count(*)::int AS count, st',
        'SELECT b.domain_id AS "domainId", count(*)::int AS count … A',
        'INSERT INTO scanner_habit_bl',
        'UPDATE scanner_habit_blocks ',
        'DELETE FROM scanner_habit_blocks b U',
        'SELECT c.recipient_id, c.les',
        'INSERT INTO scanner_habit_co',
      ],
      'src/rejudging/history-store.ts': [
        'SELECT recipient_id, accepte',
        'SELECT hit.id, hit.occurred_',
        'SELECT e.occurred_at::text A',
      ],
      'src/rejudging/run-store.ts': [
        'SELECT … FROM rejudgements WHERE account_id = … AND stat',
        'UPDATE rejudgements SET … WHERE id =',
        'SELECT 1 FROM rejudgements W',
        'UPDATE rejudgements SET tall',
        'UPDATE rejudgements SET leas',
        'INSERT INTO rejudgement_exam',
      ],
      'src/reports/engagement-store.ts': [
        'SELECT accepted_day, campaign_id, …, 1, (sta',
        'SELECT accepted_day, campaign_id, li',
        'SELECT accepted_day, campaign_id, …, 1, (pre',
      ],
      'src/reports/message-store.ts': [
        'SELECT * FROM messages WHERE',
        'SELECT of_one.* FROM unnest(…::u',
        'SELECT * FROM recipient_stat',
        'SELECT of_one.* FROM unnest(…::b',
      ],
      'src/retention/run-store.ts': ['SELECT account_id AS "accoun', 'SELECT count(*)::int AS n FR'],
      'src/returns/store.ts': ['SELECT account_id AS "accoun'],
      'src/sending/provider-store.ts': [
        'INSERT INTO messages (accoun',
        'INSERT INTO message_keys (ac',
        'INSERT INTO recipients (acco',
        'SELECT m.id AS "messageId", ',
        'UPDATE messages m SET accept',
      ],
      'src/settling/store.ts': [
        'SELECT account_id FROM settl',
        'SELECT id, copies FROM settl',
        'SELECT id, recipient_ids, ev',
        'DELETE FROM settling WHERE i',
        'UPDATE settling SET put_off_until = … WHERE id =',
        'UPDATE settling SET put_off_until = … WHERE cons',
        'SELECT due_at FROM settling ',
        'SELECT s.recipient_id AS "re',
      ],
      'src/single-sign-on/store.ts': ['SELECT account_id AS "accountId", co'],
      'src/suppressions/page-store.ts': ['SELECT a.account_id AS "acco'],
      'src/tracking/store.ts': ['SELECT * FROM recipients_of_', 'SELECT account_id FROM accou'],
      'src/upkeep/erasure-log.ts': ['SELECT count(*)::int AS n FR', 'SELECT message_id AS "messag'],
      'src/upkeep/key-store.ts': ['SELECT account_id AS "accoun', 'SELECT reseal_values(…, …, …'],
      'src/webhooks/dispatch-store.ts': ['WITH due AS ( SELECT id FROM'],
    },
  },
  {
    because:
      'A piece that others end with: statements that hold it are tried as a whole, by the calls of routes that search or steer the queue, and by the flow that sends.',
    files: {
      'src/delivery/queue-store.ts': [
        'UPDATE deliveries SET held_because = NULL',
        'UPDATE deliveries SET due_at = …, is_leased = false WHERE recipient_id',
      ],
      'src/provisioning/store.ts': [
        'SELECT p.user_id AS id FROM provisioned_users p WHERE p.account_id = current_account() AND p.use',
      ],
      'src/suppressions/store.ts': ['SELECT address_index AS "add'],
    },
  },
  {
    because:
      'Of one account, and nobody tries it as another yet: domains are required only once a directory has proved them, behind a loop with the DNS.',
    files: {
      'src/accounts/sign-in/sign-on-store.ts': ['INSERT INTO required_sign_on'],
    },
  },
  {
    because: 'A restore asks it of each account in turn, in a database that serves nobody yet.',
    files: {
      'src/upkeep/key-store.ts': ['SELECT count(*)::int AS n FROM messages m'],
    },
  },
];
