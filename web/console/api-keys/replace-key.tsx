/** Makes a key that takes another one's place with the same limits; the old one goes on for some hours, so that nothing stops. */
import { Button, Group, Modal, NumberInput, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { listApiKeys, rotateApiKey } from '../../../src/contract/access.ts';
import { call } from '../../shared/client.ts';
import { Failure } from '../elements/states.tsx';
import { queries } from '../queries.ts';
import type { ApiKey } from './key-words.ts';
import { SecretShown } from './secret-shown.tsx';

const mostHours = 720;

interface HoursProps {
  readonly apiKey: ApiKey;
  readonly failure: Error | null;
  readonly isPending: boolean;
  onReplace(overlapHours: number): void;
  onClose(): void;
}

function HoursForm({ apiKey, failure, isPending, onReplace, onClose }: HoursProps) {
  const [hours, setHours] = useState<string | number>(24);
  const [fault, setFault] = useState<string | null>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const isUsable = typeof hours === 'number' && hours >= 0 && hours <= mostHours;
    setFault(isUsable ? null : `A number from 0 to ${mostHours}.`);
    if (isUsable) onReplace(hours);
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <Text>
          A new key with the same name and limits takes the place of <strong>{apiKey.name}</strong> (ends in{' '}
          {apiKey.hint}). Until the old one stops, both work: put the new one into your programs meanwhile.
        </Text>
        <NumberInput
          label="Hours for which the old key still works"
          description="0 stops it at once."
          value={hours}
          onChange={setHours}
          min={0}
          max={mostHours}
          clampBehavior="none"
          data-autofocus
          error={fault}
        />
        {failure !== null && <Failure failure={failure} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Keep it
          </Button>
          <Button type="submit" loading={isPending}>
            Make the new key
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

export function ReplaceKey({ apiKey, onClose }: { apiKey: ApiKey | null; onClose: () => void }) {
  const rotate = useMutation({
    mutationFn: (wish: { id: string; overlapHours: number }) =>
      call(rotateApiKey, { params: { id: wish.id }, body: { overlapHours: wish.overlapHours } }),
    gcTime: 0,
    onSuccess: () => queries.invalidateQueries({ queryKey: [listApiKeys.name] }),
  });
  const close = () => {
    rotate.reset();
    onClose();
  };
  return (
    <Modal
      opened={apiKey !== null}
      onClose={close}
      size="lg"
      title={rotate.data === undefined ? 'Replace this key?' : 'Your new API key'}
      closeOnClickOutside={rotate.data === undefined}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {rotate.data !== undefined && <SecretShown created={rotate.data} onDone={close} />}
      {rotate.data === undefined && apiKey !== null && (
        <HoursForm
          apiKey={apiKey}
          failure={rotate.error}
          isPending={rotate.isPending}
          onReplace={(overlapHours) => rotate.mutate({ id: apiKey.id, overlapHours })}
          onClose={close}
        />
      )}
    </Modal>
  );
}
