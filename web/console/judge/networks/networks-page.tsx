/** The lists of networks that verdicts lean on: what each means, how old it is, what was wrong with the last try. */
import { Button, Paper, Text } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { readNetworks, refreshNetworks } from '../../../../src/contract/networks.ts';
import { call } from '../../../shared/client.ts';
import { plural } from '../../../shared/format.ts';
import { PageHead } from '../../elements/page-head.tsx';
import { Answered, Empty, Failure } from '../../elements/states.tsx';
import { queries, useCall } from '../../queries.ts';
import { useTimeZone } from '../../use-time-zone.ts';
import { ListTable } from './list-table.tsx';
import styles from './networks-page.module.css';

/** Publishers answer within seconds; the lists are looked at again while they may be coming in. */
const lookAgainAfterMs = [2_000, 6_000, 20_000];

const useRefresh = () =>
  useMutation({
    mutationFn: () => call(refreshNetworks, {}),
    onSuccess: () => {
      for (const delayMs of lookAgainAfterMs)
        setTimeout(() => void queries.invalidateQueries({ queryKey: [readNetworks.name] }), delayMs);
    },
  });

const dueWords = (due: number): string =>
  due === 0
    ? 'All were asked for within the last minute.'
    : `The publishers of ${plural(due, 'list')} are being asked. What they give is in use half a minute later.`;

const rhythmWords = (hours: number | null): string =>
  hours === null
    ? 'Publishers are never asked here (WAXWING_NETWORKS_REFRESH_HOURS is off); lists are brought by hand.'
    : `Publishers are asked every ${hours === 24 ? 'day' : plural(hours, 'hour')}.`;

export function NetworksPage() {
  const answer = useCall(readNetworks, {});
  const refresh = useRefresh();
  const timeZone = useTimeZone();
  const hours = answer.data?.refreshHours;
  return (
    <>
      <PageHead
        title="Networks"
        about={`Verdicts lean on whose network a request came from. ${hours === undefined ? '' : rhythmWords(hours)}`}
        actions={
          typeof hours === 'number' && (
            <Button
              variant="default"
              leftSection={<IconRefresh size={16} aria-hidden />}
              loading={refresh.isPending}
              onClick={() => refresh.mutate()}
            >
              Ask the publishers now
            </Button>
          )
        }
      />
      <div className={styles.told} role="status">
        {refresh.data !== undefined && <Text size="sm">{dueWords(refresh.data.due)}</Text>}
      </div>
      {refresh.error !== null && (
        <div className={styles.failure}>
          <Failure failure={refresh.error} onRetry={() => refresh.mutate()} />
        </div>
      )}
      <Answered answer={answer} label="Loading the lists of networks" rows={8}>
        {({ lists }) =>
          lists.length === 0 ? (
            <Empty title="No list of networks">Verdicts go by what a request says of itself.</Empty>
          ) : (
            <Paper className={styles.card ?? ''}>
              <ListTable lists={lists} timeZone={timeZone} />
            </Paper>
          )
        }
      </Answered>
    </>
  );
}
