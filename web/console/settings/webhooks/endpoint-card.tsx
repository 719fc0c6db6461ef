/** One webhook: how it is doing, what it was told, and what can be done with it. */
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import {
  changeWebhookEndpoint,
  deleteWebhookEndpoint,
  listWebhookDeliveries,
  listWebhookEndpoints,
  rotateWebhookSecret,
  testWebhookEndpoint,
  type WebhookEndpoint,
} from '../../../../src/contract/webhooks.ts';
import { call } from '../../../shared/client.ts';
import { Section } from '../../elements/section.tsx';
import { Failure } from '../../elements/states.tsx';
import { queries } from '../../queries.ts';
import { useTimeZone } from '../../use-time-zone.ts';
import { DeliveryLog } from './delivery-log.tsx';
import { SecretOnce } from './endpoint-form.tsx';
import { stateWords, typeWords } from './webhook-words.ts';

const refreshList = (): Promise<void> => queries.invalidateQueries({ queryKey: [listWebhookEndpoints.name] });
const refresh = async (): Promise<void> => {
  await refreshList();
  await queries.invalidateQueries({ queryKey: [listWebhookDeliveries.name] });
};

function useActs({ id, isEnabled }: WebhookEndpoint) {
  const params = { id };
  const test = useMutation({ mutationFn: () => call(testWebhookEndpoint, { params, body: {} }), onSuccess: refresh });
  const toggle = useMutation({
    mutationFn: () => call(changeWebhookEndpoint, { params, body: { isEnabled: !isEnabled } }),
    onSuccess: refresh,
  });
  // What was told to one that is gone is asked of nobody.
  const remove = useMutation({ mutationFn: () => call(deleteWebhookEndpoint, { params }), onSuccess: refreshList });
  const rotate = useMutation({
    mutationFn: () => call(rotateWebhookSecret, { params, body: { overlapHours: 24 } }),
    gcTime: 0,
    onSuccess: refresh,
  });
  return { test, toggle, remove, rotate };
}

type Acts = ReturnType<typeof useActs>;

const Delete = ({ isOpen, remove, onClose }: { isOpen: boolean; remove: Acts['remove']; onClose: () => void }) => (
  <Modal opened={isOpen} onClose={onClose} title="Delete this webhook?" closeButtonProps={{ 'aria-label': 'Close' }}>
    <Stack>
      <Text>It is told nothing more, and what waits for it is dropped.</Text>
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose} data-autofocus>
          Keep it
        </Button>
        <Button color="wax" loading={remove.isPending} onClick={() => remove.mutate()}>
          Delete the webhook
        </Button>
      </Group>
    </Stack>
  </Modal>
);

export function EndpointCard({ endpoint }: { endpoint: WebhookEndpoint }) {
  const [isDeleting, setDeleting] = useState(false);
  const zone = useTimeZone();
  const { test, toggle, remove, rotate } = useActs(endpoint);
  const failure = test.error ?? toggle.error ?? rotate.error ?? remove.error;
  return (
    <Section title={endpoint.description} about={stateWords(endpoint, zone)}>
      <Stack gap="sm">
        <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
          {endpoint.url}
        </Text>
        <Text size="sm" c="dimmed">
          {endpoint.eventTypes.map(typeWords).join(' · ')}
        </Text>
        <Group gap="xs">
          <Button size="xs" disabled={!endpoint.isEnabled} loading={test.isPending} onClick={() => test.mutate()}>
            Send a test
          </Button>
          <Button size="xs" variant="default" loading={toggle.isPending} onClick={() => toggle.mutate()}>
            {endpoint.isEnabled ? 'Switch off' : 'Switch on'}
          </Button>
          <Button size="xs" variant="default" loading={rotate.isPending} onClick={() => rotate.mutate()}>
            New secret
          </Button>
          <Button size="xs" variant="default" onClick={() => setDeleting(true)}>
            Delete
          </Button>
        </Group>
        {failure !== null && <Failure failure={failure} />}
        <DeliveryLog endpoint={endpoint} />
      </Stack>
      <Modal
        opened={rotate.data !== undefined}
        onClose={rotate.reset}
        title="Its new secret"
        closeOnClickOutside={false}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {rotate.data !== undefined && <SecretOnce secret={rotate.data.secret} onDone={rotate.reset} />}
      </Modal>
      <Delete isOpen={isDeleting} remove={remove} onClose={() => setDeleting(false)} />
    </Section>
  );
}
