/** Asks once more before a domain is removed, because its keys are gone for good then. */
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { deleteSender, listSenders } from '../../../src/contract/senders.ts';
import { call } from '../../shared/client.ts';
import { Failure } from '../elements/states.tsx';
import { queries } from '../queries.ts';

export function RemoveSection({ domain }: { domain: string }) {
  const navigate = useNavigate();
  const [isAsking, setAsking] = useState(false);
  const remove = useMutation({
    mutationFn: () => call(deleteSender, { params: { domain } }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: [listSenders.name] });
      await navigate('/senders');
    },
  });
  return (
    <>
      <Button variant="default" onClick={() => setAsking(true)}>
        Remove this domain
      </Button>
      <Modal
        opened={isAsking}
        onClose={() => setAsking(false)}
        title="Remove this domain?"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <Stack>
          <Text>
            Mail of <strong>{domain}</strong> goes unsigned from then on, and its keys are gone for good. Leave the keys
            in the DNS for a week, so that mail under way can still be checked.
          </Text>
          {remove.error !== null && <Failure failure={remove.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setAsking(false)} data-autofocus>
              Keep it
            </Button>
            <Button color="wax" loading={remove.isPending} onClick={() => remove.mutate()}>
              Remove the domain
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
