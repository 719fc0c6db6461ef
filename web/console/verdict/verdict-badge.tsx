/** Person or machine, how sure, and whether that may still change. */
import { Tooltip } from '@mantine/core';
import { IconHourglass, IconRobot, IconUser } from '@tabler/icons-react';
import type { VerdictBody } from '../../../src/contract/verdicts.ts';
import styles from './verdict-badge.module.css';
import { certaintyOf, provisionalSentence } from './words.ts';

export function VerdictBadge({ verdict }: { verdict: VerdictBody }) {
  const isPerson = verdict.verdict === 'human';
  const Icon = isPerson ? IconUser : IconRobot;
  return (
    <span className={styles.row}>
      <span className={isPerson ? styles.person : styles.machine}>
        <Icon size={15} stroke={2} aria-hidden />
        {isPerson ? 'Person' : 'Machine'}
      </span>
      <span className={styles.sure}>{certaintyOf(verdict)}</span>
      {verdict.provisional && (
        <Tooltip label={provisionalSentence}>
          <span className={styles.provisional}>
            <IconHourglass size={13} aria-hidden /> Provisional
          </span>
        </Tooltip>
      )}
    </span>
  );
}
