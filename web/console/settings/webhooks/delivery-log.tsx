/** What a webhook was told in the last 30 days, newest first, what came of it, and telling it again. */
import { Button, Group, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import {
  listWebhookDeliveries,
  replayWebhookDeliveries,
  type WebhookEndpoint,
} from '../../../../src/contract/webhooks.ts';
import { call } from '../../../shared/client.ts';
import { moment } from '../../../shared/format.ts';
import { Cell, DataTable } from '../../elements/data-table.tsx';
import { Answered, Failure } from '../../elements/states.tsx';
import { queries, useCall } from '../../queries.ts';
import { useTimeZone } from '../../use-time-zone.ts';
import { deliveryWords, typeWords } from './webhook-words.ts';

const columns = [
  { label: 'Number', isNumber: true },
  { label: 'What' },
  { label: 'When' },
  { label: 'What came of it' },
  { label: '' },
];
const dayMs = 86_400_000;

type Replay = { readonly sequence: number } | { readonly since: string; readonly until: string };

const lastDay = (): Replay => ({
  since: new Date(Date.now() - dayMs).toISOString(),
  until: new Date(Date.now() + 60_000).toISOString(),
});

export function DeliveryLog({ endpoint }: { endpoint: WebhookEndpoint }) {
  const [cursor, setCursor] = useState<string | undefined>(undefined);
  const zone = useTimeZone();
  const params = { id: endpoint.id };
  const query = { limit: 25, ...(cursor === undefined ? {} : { cursor }) };
  const answer = useCall(listWebhookDeliveries, { params, query });
  const replay = useMutation({
    mutationFn: (body: Replay) => call(replayWebhookDeliveries, { params, body }),
    onSuccess: () => queries.invalidateQueries({ queryKey: [listWebhookDeliveries.name] }),
  });
  return (
    <Answered answer={answer} label="Loading what it was told" rows={4}>
      {({ deliveries, nextCursor }) =>
        deliveries.length === 0 ? (
          <Text c="dimmed">Nothing was told yet. Send a test to see whether it arrives.</Text>
        ) : (
          <>
            <DataTable caption={`What ${endpoint.description} was told`} columns={columns}>
              {deliveries.map((one) => (
                <tr key={one.sequence}>
                  <Cell isNumber>{one.sequence}</Cell>
                  <Cell>{typeWords(one.type)}</Cell>
                  <Cell>{moment(one.occurredAt, zone)}</Cell>
                  <Cell>{deliveryWords(one, zone)}</Cell>
                  <Cell>
                    <Button
                      size="compact-sm"
                      variant="default"
                      disabled={!endpoint.isEnabled}
                      aria-label={`Replay number ${one.sequence}`}
                      onClick={() => replay.mutate({ sequence: one.sequence })}
                    >
                      Replay
                    </Button>
                  </Cell>
                </tr>
              ))}
            </DataTable>
            {replay.error !== null && <Failure failure={replay.error} />}
            <Group mt="sm">
              <Button
                size="xs"
                variant="default"
                disabled={!endpoint.isEnabled}
                onClick={() => replay.mutate(lastDay())}
              >
                Replay the last 24 hours
              </Button>
              {cursor !== undefined && (
                <Button size="xs" variant="default" onClick={() => setCursor(undefined)}>
                  Newest
                </Button>
              )}
              {nextCursor !== null && (
                <Button size="xs" variant="default" onClick={() => setCursor(nextCursor)}>
                  Older
                </Button>
              )}
            </Group>
            <Text role="status" size="sm">
              {replay.data === undefined ? '' : `${replay.data.replayed} told again.`}
            </Text>
          </>
        )
      }
    </Answered>
  );
}
