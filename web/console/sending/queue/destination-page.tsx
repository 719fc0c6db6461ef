/** One destination: what waits there, a day of attempts, what it said in words, and who waits. */
import { Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from 'react-router';
import type { z } from 'zod';
import { type QueueDestination, readQueueDestination } from '../../../../src/contract/queue.ts';
import { count, plural } from '../../../shared/format.ts';
import { BackLink } from '../../elements/back-link.tsx';
import { Cell, DataTable } from '../../elements/data-table.tsx';
import { PageHead } from '../../elements/page-head.tsx';
import { Section } from '../../elements/section.tsx';
import { Answered } from '../../elements/states.tsx';
import { queryOf } from '../../queries.ts';
import { OutcomeLegend } from '../deliverability/outcome-bar.tsx';
import { FlowChart, flowWords } from './flow-bars.tsx';
import { QueueActions } from './queue-actions.tsx';
import styles from './queue-page.module.css';
import { everyMs } from './queue-page.tsx';
import { StateSign } from './state-sign.tsx';
import { Steering } from './steering.tsx';
import { useNow } from './use-now.ts';
import { WaitingBar } from './waiting-bar.tsx';
import { WaitingRecipients } from './waiting-recipients.tsx';
import { agoWords, atLeast, outcomeWords, queuePath } from './words.ts';

type Said = z.infer<(typeof readQueueDestination)['result']>['replies'];

const Above = () => <BackLink to={queuePath}>Queue</BackLink>;

function paceWords({ atMost, deliveredPerMinute }: QueueDestination): string {
  const rate = `${plural(deliveredPerMinute, 'copy', 'copies')} a minute were taken lately`;
  return atMost === null ? `${rate}.` : `${rate}; it gets up to ${plural(atMost, 'copy', 'copies')} at once.`;
}

function Replies({ replies, nowMs }: { replies: Said; nowMs: number }) {
  if (replies.length === 0)
    return (
      <Text size="sm" c="dimmed">
        It was not asked anything within the last day.
      </Text>
    );
  return (
    <DataTable
      caption="What it said within a day"
      columns={[
        { label: 'Outcome' },
        { label: 'What it said' },
        { label: 'Code', isNumber: true, isExtra: true },
        { label: 'Times', isNumber: true },
        { label: 'Last', isExtra: true },
      ]}
    >
      {replies.map((one) => (
        <tr key={`${one.outcome} ${one.why} ${one.replyCode}`}>
          <Cell>
            <span
              className={styles.sign}
              data-tone={one.outcome === 'delivered' ? 'flows' : one.outcome === 'deferred' ? 'slow' : 'held'}
            >
              {outcomeWords[one.outcome]}
            </span>
          </Cell>
          <Cell>{one.why}</Cell>
          <Cell isNumber isExtra>
            {one.replyCode ?? '–'}
          </Cell>
          <Cell isNumber>{count(one.times)}</Cell>
          <Cell isExtra>{agoWords(one.lastAt, nowMs)}</Cell>
        </tr>
      ))}
    </DataTable>
  );
}

function DestinationOf({ domain }: { domain: string }) {
  const nowMs = useNow();
  const answer = useQuery({ ...queryOf(readQueueDestination, { params: { domain } }), refetchInterval: everyMs });
  return (
    <Steering>
      <PageHead
        title={domain}
        above={<Above />}
        {...(answer.data === undefined ? {} : { about: paceWords(answer.data.destination) })}
        actions={
          <QueueActions
            isButton
            selection={{ destination: domain }}
            name={`mail to ${domain}`}
            offered={['retry', 'hold', 'release', 'cancel']}
          />
        }
      />
      <Answered answer={answer} label="Loading the destination">
        {({ destination, day, replies }) => (
          <Stack gap="1.25rem">
            <Section
              title={`${atLeast(destination)} waiting`}
              aside={<StateSign destination={destination} nowMs={nowMs} />}
            >
              <WaitingBar destination={destination} />
            </Section>
            <Section
              title="Within a day"
              about={`${flowWords(day, 'the last day')}. One bar an hour.`}
              aside={<OutcomeLegend words={outcomeWords} />}
            >
              {day.length > 0 && (
                <FlowChart slots={day} bars={24} barMs={3_600_000} nowMs={nowMs} span="the last day" />
              )}
            </Section>
            <Section title="What it said" about="Its answers of the last day in plain words, the latest first.">
              <Replies replies={replies} nowMs={nowMs} />
            </Section>
            <Section title="Who waits" about="Oldest first.">
              <WaitingRecipients of={{ destination: domain }} />
            </Section>
          </Stack>
        )}
      </Answered>
    </Steering>
  );
}

export function DestinationPage() {
  const { domain = '' } = useParams();
  return <DestinationOf key={domain} domain={domain} />;
}
