/** The doctor on retention: does what should go by itself go, and does tidying keep up. It changes nothing. */
import type pg from 'pg';
import { type Finding, fine, warning } from './finding.ts';

/** By the database's clock; two days, so that one night that was missed worries nobody. */
export async function checkRetention(client: pg.Client): Promise<Finding[]> {
  const { rows } = await client.query<{
    policies: number;
    overdue: number;
    tasks: number;
    stale: number;
    behind: string | null;
  }>(
    `SELECT (SELECT count(*)::int FROM retention_policies WHERE next_run_at IS NOT NULL) AS policies,
            (SELECT count(*)::int FROM retention_policies WHERE next_run_at < clock_timestamp() - interval '2 days') AS overdue,
            (SELECT count(*)::int FROM housekeeping) AS tasks,
            (SELECT count(*)::int FROM housekeeping WHERE looked_at < clock_timestamp() - interval '2 days') AS stale,
            (SELECT string_agg(task, ', ' ORDER BY task) FROM housekeeping
              WHERE behind_since < clock_timestamp() - interval '2 days') AS behind`,
  );
  const { policies = 0, overdue = 0, tasks = 0, stale = 0, behind = null } = rows[0] ?? {};
  return [
    overdue > 0
      ? warning(
          'retention',
          `messages of ${overdue} accounts should have been erased more than two days ago`,
          'Does a process with the role worker run? Its log says why retention fails (docs/retention.md).',
        )
      : fine('retention', `${policies} accounts let messages go by themselves, and none is late`),
    tidying(tasks, stale, behind),
  ];
}

function tidying(tasks: number, stale: number, behind: string | null): Finding {
  const check = 'tidying';
  if (stale > 0)
    return warning(
      check,
      `nobody has looked at ${stale} of ${tasks} tables for more than two days`,
      'Does a process with the role worker run? Its log says why tidying fails.',
    );
  if (behind !== null)
    return warning(
      check,
      `for more than two days there is more to remove than is removed: ${behind}`,
      'Let the worker run without pauses, and see whether the database is too slow for its load.',
    );
  return fine(check, tasks === 0 ? 'it has not begun yet' : `${tasks} tables were looked at within two days`);
}
