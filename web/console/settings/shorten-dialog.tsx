/** Asks once more before addresses and programs of the past are made unreadable, because that cannot be undone. */
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { plural } from '../../shared/format.ts';
import type { KeepDays } from './request-life.ts';

interface ShortenDialogProps {
  readonly asked: { readonly days: KeepDays } | null;
  onKeep(): void;
  onShorten(days: KeepDays): void;
}

export function ShortenDialog({ asked, onKeep, onShorten }: ShortenDialogProps) {
  const days = asked?.days ?? 0;
  const what =
    days === 0 ? 'all stored addresses and programs' : `addresses and programs older than ${plural(days, 'day')}`;
  return (
    <Modal
      opened={asked !== null}
      onClose={onKeep}
      title="This holds for the past too"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Stack>
        <Text>
          From now on {what} are shown to nobody, and within a minute their keys are destroyed. This cannot be undone.
          Opens, clicks, verdicts and reports stay as they are.
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onKeep} data-autofocus>
            Leave it as it is
          </Button>
          <Button color="wax" onClick={() => onShorten(days)}>
            Make them unreadable
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
