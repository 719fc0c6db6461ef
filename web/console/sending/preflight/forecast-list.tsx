/** What a first attempt would come to for each address: the outcome, the protection on the way, and why. */
import { Text } from '@mantine/core';
import type { z } from 'zod';
import type { preflight } from '../../../../src/contract/transport.ts';
import { rungs } from '../elements/rungs.ts';
import { Sign } from '../elements/sign.tsx';
import styles from './forecast-list.module.css';

export type Foreseen = z.infer<(typeof preflight)['result']>['recipients'][number];

const outcomes = {
  sent: { tone: 'good', words: 'Would be sent' },
  deferred: { tone: 'slow', words: 'Would wait' },
  refused: { tone: 'bad', words: 'Cannot be reached' },
  dropped: { tone: 'bad', words: 'Would not be sent' },
} as const;

const heightOf = (level: Foreseen['transport']): number => rungs.findIndex((rung) => rung.level === level) + 1;

/** Four steps, filled up to the rung that would be reached; the words stand beside it. */
const Steps = ({ transport }: { transport: Foreseen['transport'] }) => (
  <span className={styles.steps} aria-hidden>
    {rungs.map((rung, at) => (
      <span key={rung.level} data-on={at < heightOf(transport) || undefined} />
    ))}
  </span>
);

function protectionWords({ protection, transport, outcome }: Foreseen): string {
  if (outcome !== 'sent') return 'Nothing would leave';
  if (protection === 'none') return 'In clear text';
  return rungs.find((rung) => rung.level === transport)?.name ?? 'Encrypted';
}

export const ForecastList = ({
  recipients,
  title,
}: {
  recipients: readonly Foreseen[];
  title?: (one: Foreseen) => string;
}) => (
  <ul className={styles.list}>
    {recipients.map((one) => (
      <li key={one.email} className={styles.item}>
        <div className={styles.who}>
          <span className={styles.email}>{title?.(one) ?? one.email}</span>
          <Sign tone={outcomes[one.outcome].tone}>{outcomes[one.outcome].words}</Sign>
          {one.host !== null && <span className={styles.host}>to {one.host}</span>}
        </div>
        <div>
          <span className={styles.protection}>
            <Steps transport={one.transport} />
            {protectionWords(one)}
          </span>
          <ul className={styles.reasons}>
            {one.reasons.map((reason) => (
              <Text component="li" size="sm" key={reason}>
                {reason}
              </Text>
            ))}
          </ul>
        </div>
      </li>
    ))}
  </ul>
);
