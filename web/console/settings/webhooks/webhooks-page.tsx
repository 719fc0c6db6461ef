/** The organisation's own programs that are told of events: how each is doing, and new ones. */
import { Button, Stack } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { listWebhookEndpoints } from '../../../../src/contract/webhooks.ts';
import { PageHead } from '../../elements/page-head.tsx';
import { Answered, Empty } from '../../elements/states.tsx';
import { useCall } from '../../queries.ts';
import { EndpointCard } from './endpoint-card.tsx';
import { AddWebhook } from './endpoint-form.tsx';

export function WebhooksPage() {
  const answer = useCall(listWebhookEndpoints, {});
  const [isAdding, setAdding] = useState(false);
  return (
    <>
      <PageHead
        title="Webhooks"
        about="Programs of yours that are told when mail is delivered, returned, opened or clicked. They are told ids and times, and never an address, a subject or a link."
        actions={
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAdding(true)}>
            Add a webhook
          </Button>
        }
      />
      <Answered answer={answer} label="Loading the webhooks" rows={6}>
        {({ endpoints }) =>
          endpoints.length === 0 ? (
            <Empty title="No program is told of anything">
              Add one, and it is told of everything from then on, in order and numbered, so that it sees when something
              is missing.
            </Empty>
          ) : (
            <Stack gap="1.25rem" maw="58rem">
              {endpoints.map((endpoint) => (
                <EndpointCard key={endpoint.id} endpoint={endpoint} />
              ))}
            </Stack>
          )
        }
      </Answered>
      <AddWebhook isOpen={isAdding} onClose={() => setAdding(false)} />
    </>
  );
}
