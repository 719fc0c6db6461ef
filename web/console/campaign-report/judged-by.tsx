/** By which rulesets the hits of a report were judged, and the way to judge again what older rules decided. */
import { Button } from '@mantine/core';
import { IconGavel } from '@tabler/icons-react';
import { Link } from 'react-router';
import type { EngagementReport } from '../../../src/contract/reports.ts';
import { plural } from '../../shared/format.ts';
import { judgeAgainPath } from '../elements/judge-paths.ts';
import styles from './judged-by.module.css';

type Judged = Pick<EngagementReport, 'ruleset' | 'rulesets'>;

/** `2026-11-22.1 (1,204 hits) and 2026-10-01.1 (300 hits)`, the most hits first. */
export function rulesetWords({ ruleset, rulesets }: Judged): string {
  if (rulesets.length === 0) return ruleset;
  const [only] = rulesets;
  if (rulesets.length === 1 && only !== undefined) return only.ruleset;
  return new Intl.ListFormat('en-US').format(
    rulesets.map(({ ruleset: name, hits }) => `${name} (${plural(hits, 'hit')})`),
  );
}

export const hasOthers = ({ ruleset, rulesets }: Judged): boolean => rulesets.some((one) => one.ruleset !== ruleset);

export const JudgedBy = ({ report, since }: { report: Judged; since: string | null }) => (
  <div className={styles.judged}>
    <p>
      Judged by {report.rulesets.length > 1 ? 'rulesets' : 'ruleset'} {rulesetWords(report)}. Every verdict names its
      reasons on the page of its message.
    </p>
    {hasOthers(report) && (
      <div className={styles.older}>
        <p>
          <strong>Not all of this was judged by the rules in force now</strong> ({report.ruleset}). Judging it again
          brings it up to date; a dry run tells first what would change.
        </p>
        <Button
          component={Link}
          to={judgeAgainPath(since)}
          variant="default"
          size="xs"
          className="no-print"
          leftSection={<IconGavel size={14} aria-hidden />}
        >
          Judge again
        </Button>
      </div>
    )}
  </div>
);
