/** Emergency access: opening it, one's own, and for reviewers those of everybody. */
import { Button, Stack } from '@mantine/core';
import { useState } from 'react';
import { useNavigate, useSearchParams } from 'react-router';
import { listEmergencyAccesses } from '../../../../src/contract/emergency.ts';
import { PageHead } from '../../elements/page-head.tsx';
import { Section } from '../../elements/section.tsx';
import { Answered } from '../../elements/states.tsx';
import { useEmergency } from '../../emergency/use-emergency.ts';
import { useCall } from '../../queries.ts';
import { EmergenciesTable } from './emergencies-table.tsx';
import { OpeningDialog } from './opening-dialog.tsx';
import { EmergencySettingsSection } from './settings-section.tsx';

function Everybody() {
  const answer = useCall(listEmergencyAccesses, {});
  return (
    <Section title="Of everybody" about="Those that nobody has reviewed yet come first.">
      <Answered answer={answer} label="Loading the emergency accesses">
        {({ emergencies }) =>
          emergencies.length === 0 ? (
            <span>Nobody has opened emergency access so far.</span>
          ) : (
            <EmergenciesTable caption="Emergency accesses of everybody" emergencies={emergencies} isReviewer />
          )
        }
      </Answered>
    </Section>
  );
}

/** Whether the dialog is open, and whether a page that refused waits behind this one. */
function useOpening() {
  const [search, setSearch] = useSearchParams();
  const navigate = useNavigate();
  const isAsked = search.has('open');
  const [isOpen, setOpen] = useState(isAsked);
  const close = () => {
    setOpen(false);
    if (isAsked) setSearch({}, { replace: true });
  };
  const goOn = () => {
    setOpen(false);
    if (isAsked && window.history.length > 1) void navigate(-1);
    else close();
  };
  return { isOpen, open: () => setOpen(true), close, goOn };
}

export function EmergencyPage() {
  const answer = useEmergency();
  const { isOpen, open, close, goOn } = useOpening();
  const mayOpen = answer.data?.mayOpen === true && answer.data.current === null;
  return (
    <>
      <PageHead
        title="Emergency access"
        about="Who must see more than their role allows may open it for a while, with a reason. Compliance is told at once, all of it is written down, and somebody else reviews it."
        actions={mayOpen && <Button onClick={open}>Open emergency access</Button>}
      />
      <Stack gap="1.25rem" maw="58rem">
        {answer.data?.toReview != null && <Everybody />}
        <Section title="Your own">
          <Answered answer={answer} label="Loading your emergency accesses" rows={2}>
            {({ mine }) =>
              mine.length === 0 ? (
                <span>You have opened none.</span>
              ) : (
                <EmergenciesTable caption="Your emergency accesses" emergencies={mine} isReviewer={false} />
              )
            }
          </Answered>
        </Section>
        <EmergencySettingsSection />
      </Stack>
      {mayOpen && (
        <OpeningDialog isOpen={isOpen} maxMinutes={answer.data?.maxMinutes ?? 60} onClose={close} onOpened={goOn} />
      )}
    </>
  );
}
