/** For whoever may: steers all mail of one campaign that still waits, by its name. */
import { Button, Modal, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useMay } from '../../use-may.ts';
import { QueueActions } from './queue-actions.tsx';

export function CampaignActions() {
  const may = useMay();
  const [isOpen, setOpen] = useState(false);
  const [campaign, setCampaign] = useState<string | null>(null);
  if (!may({ needs: ['queue.manage'], isOfAccount: true })) return null;
  const choose = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setCampaign(String(new FormData(event.currentTarget).get('campaign')).trim() || null);
  };
  const close = () => {
    setOpen(false);
    setCampaign(null);
  };
  return (
    <>
      <Button variant="default" onClick={() => setOpen(true)}>
        Steer a campaign
      </Button>
      <Modal opened={isOpen} onClose={close} title="Steer a campaign" closeButtonProps={{ 'aria-label': 'Close' }}>
        <form onSubmit={choose}>
          <Stack align="flex-start">
            <TextInput
              name="campaign"
              label="Campaign"
              description="Its name, exactly as it was sent with."
              maxLength={200}
              required
              w="100%"
              data-autofocus
              onChange={() => setCampaign(null)}
            />
            {campaign === null ? (
              <Button type="submit">Choose</Button>
            ) : (
              <QueueActions
                isButton
                selection={{ campaign }}
                name={`the campaign ${campaign}`}
                offered={['hold', 'release', 'retry', 'cancel']}
                onChosen={close}
              />
            )}
          </Stack>
        </form>
      </Modal>
    </>
  );
}
