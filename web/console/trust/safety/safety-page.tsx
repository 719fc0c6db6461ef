/** How safely the installation runs: what the doctor finds, the keys, and the backups, in plain words. */
import { Stack } from '@mantine/core';
import { PageHead } from '../../elements/page-head.tsx';
import { Backups } from './backups-section.tsx';
import { Doctor } from './doctor-section.tsx';
import { Keys } from './keys-section.tsx';

export const SafetyPage = () => (
  <>
    <PageHead
      title="Keys and backups"
      about="Whether all is well with this installation, which key seals your messages, and from what everything could be brought back."
    />
    <Stack gap="1.25rem" maw="58rem">
      <Doctor />
      <Keys />
      <Backups />
    </Stack>
  </>
);
