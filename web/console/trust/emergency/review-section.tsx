/** The review of an emergency access: what was said, or the form for saying it. */
import { Button, Radio, Stack, Text, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { readSession } from '../../../../src/contract/access.ts';
import { type EmergencyAccessBody, reviewEmergencyAccess } from '../../../../src/contract/emergency.ts';
import { call } from '../../../shared/client.ts';
import { exactMoment } from '../../../shared/format.ts';
import { Section } from '../../elements/section.tsx';
import { Failure } from '../../elements/states.tsx';
import { DraftNote, useDraft } from '../../elements/use-draft.tsx';
import { queries, useCall } from '../../queries.ts';
import { useTimeZone } from '../../use-time-zone.ts';
import { outcomeNames } from './words.ts';

interface Review {
  readonly outcome: 'justified' | 'not_justified';
  readonly note: string;
}

function ReviewForm({ id }: { id: string }) {
  const [outcome, setOutcome] = useState('');
  const [fault, setFault] = useState<string | null>(null);
  const draft = useDraft(`emergency-review-${id}`);
  const review = useMutation({
    mutationFn: (body: Review) => call(reviewEmergencyAccess, { params: { id }, body }),
    onSuccess: draft.forget,
    onSettled: () => queries.invalidateQueries(),
    gcTime: 0,
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const note = String(new FormData(event.currentTarget).get('note') ?? '').trim();
    const isReady = outcome !== '' && note !== '';
    setFault(isReady ? null : 'Choose one, and say why.');
    if (isReady) review.mutate({ outcome: outcome as Review['outcome'], note });
  };
  return (
    <form onSubmit={submit} noValidate ref={draft.ref}>
      <Stack>
        <DraftNote draft={draft} />
        <Radio.Group name="outcome" label="Was it justified?" value={outcome} onChange={setOutcome}>
          <Stack gap="xs" mt="xs">
            <Radio value="justified" label={outcomeNames.justified} />
            <Radio value="not_justified" label={outcomeNames.not_justified} />
          </Stack>
        </Radio.Group>
        <Textarea name="note" label="Why" error={fault} maxLength={2000} minRows={2} autosize required />
        {review.error !== null && <Failure failure={review.error} />}
        <Button type="submit" loading={review.isPending} style={{ alignSelf: 'start' }}>
          Save the review
        </Button>
      </Stack>
    </form>
  );
}

export function ReviewSection({ emergency }: { emergency: EmergencyAccessBody }) {
  const timeZone = useTimeZone();
  const user = useCall(readSession, {}).data?.user;
  const { review } = emergency;
  if (review !== null)
    return (
      <Section
        title={outcomeNames[review.outcome]}
        about={`Reviewed by ${review.byName}, ${exactMoment(review.at, timeZone)}.`}
      >
        <Text style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>{review.note}</Text>
      </Section>
    );
  if (emergency.isOpen)
    return <Section title="Review" about="It is still open. Once it has ended it can be reviewed." />;
  if (user === null) return <Section title="Review" about="Only somebody who signed in as themselves can review it." />;
  if (user?.id === emergency.userId)
    return <Section title="Review" about="It is your own: somebody else reviews it." />;
  return (
    <Section title="Review" about="Once saved, a review stays as it is.">
      <ReviewForm id={emergency.id} />
    </Section>
  );
}
