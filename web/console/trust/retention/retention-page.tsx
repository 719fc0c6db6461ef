/** Legal holds, and how long messages are kept. */
import { Button, Stack } from '@mantine/core';
import { IconGavel } from '@tabler/icons-react';
import { useState } from 'react';
import { listDepartments } from '../../../../src/contract/people.ts';
import { listHolds, readRetention } from '../../../../src/contract/retention.ts';
import { PageHead } from '../../elements/page-head.tsx';
import { Answered } from '../../elements/states.tsx';
import { useCall } from '../../queries.ts';
import { HoldsSection } from './holds-section.tsx';
import { PlaceDialog } from './place-dialog.tsx';
import { PolicySection } from './policy-section.tsx';

export function RetentionPage() {
  const retention = useCall(readRetention, {});
  const holds = useCall(listHolds, {});
  const departments = useCall(listDepartments, {}).data?.departments ?? [];
  const [isPlacing, setPlacing] = useState(false);
  return (
    <>
      <PageHead
        title="Holds and retention"
        about="Retention lets messages go when their time is over. A legal hold keeps what a court, an authority or an inquiry may ask for, whatever else is chosen."
        actions={
          <Button leftSection={<IconGavel size={16} aria-hidden />} onClick={() => setPlacing(true)}>
            Place a hold
          </Button>
        }
      />
      <Stack gap="1.25rem">
        <Answered answer={holds} label="Loading the legal holds">
          {(answer) => <HoldsSection holds={answer.holds} departments={departments} />}
        </Answered>
        <Answered answer={retention} label="Loading how long messages are kept">
          {(answer) => <PolicySection retention={answer} />}
        </Answered>
      </Stack>
      <PlaceDialog isOpen={isPlacing} departments={departments} onClose={() => setPlacing(false)} />
    </>
  );
}
