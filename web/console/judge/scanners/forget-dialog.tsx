/** Asks once more before what was learned of a scanner, or of all, is forgotten. */
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { forgetScannerHabit, forgetScannerHabits, listScannerHabits } from '../../../../src/contract/habits.ts';
import { call } from '../../../shared/client.ts';
import { Failure } from '../../elements/states.tsx';
import { queries } from '../../queries.ts';

/** A domain, or all of them. */
export type Forgotten = { readonly domain: string } | 'all';

const forget = (what: Forgotten): Promise<unknown> =>
  what === 'all' ? call(forgetScannerHabits, {}) : call(forgetScannerHabit, { params: { domain: what.domain } });

export function ForgetDialog({ what, onClose }: { what: Forgotten | null; onClose: () => void }) {
  const act = useMutation({
    mutationFn: forget,
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: [listScannerHabits.name] });
      onClose();
    },
  });
  const close = () => {
    act.reset();
    onClose();
  };
  return (
    <Modal
      opened={what !== null}
      onClose={close}
      title={what === 'all' ? 'Forget every scanner?' : 'Forget this scanner?'}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Stack>
        <Text>
          {what === 'all' || what === null ? (
            'Everything that was learned of scanners'
          ) : (
            <>
              What was learned of the scanner of <strong>{what.domain}</strong>
            </>
          )}{' '}
          is deleted, and judging follows within a minute. Verdicts of the past keep their evidence. This cannot be
          undone; it can only be learned anew.
        </Text>
        {act.error !== null && <Failure failure={act.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-autofocus>
            Keep it
          </Button>
          <Button color="wax" loading={act.isPending} onClick={() => what !== null && act.mutate(what)}>
            {what === 'all' ? 'Forget all' : 'Forget it'}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
