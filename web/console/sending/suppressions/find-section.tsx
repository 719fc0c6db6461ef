/** Whether mail goes to one address, and if not, why. The address is asked for exactly; nothing lists what resembles it. */
import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { readSuppression } from '../../../../src/contract/suppressions.ts';
import { dayOfMoment } from '../../../shared/format.ts';
import { Section } from '../../elements/section.tsx';
import { Answered } from '../../elements/states.tsx';
import { queryOf } from '../../queries.ts';
import { useTimeZone } from '../../use-time-zone.ts';
import { Sign } from '../elements/sign.tsx';
import type { Removed } from './remove-dialog.tsx';
import { reasonWords, scopeWords } from './words.ts';

function Found({ email, onRemove }: { email: string; onRemove: (removed: Removed) => void }) {
  const timeZone = useTimeZone();
  const answer = useQuery(queryOf(readSuppression, { params: { email } }));
  return (
    <Answered answer={answer} label="Looking for the address" rows={1}>
      {({ email: found, reasons }) =>
        reasons.length === 0 ? (
          <Sign tone="good">Mail goes to {found}</Sign>
        ) : (
          <Stack gap="xs" role="status">
            {reasons.map(({ reason, scope, createdAt }) => (
              <Group key={reason} justify="space-between" gap="sm">
                <div>
                  <Sign tone={scope === 'all' ? 'bad' : 'slow'}>{reasonWords[reason]}</Sign>
                  <Text size="sm" c="dimmed">
                    {scopeWords[scope]}, since {dayOfMoment(createdAt, timeZone)}
                  </Text>
                </div>
                <Button size="xs" variant="default" onClick={() => onRemove({ email: found, reason })}>
                  Remove
                </Button>
              </Group>
            ))}
          </Stack>
        )
      }
    </Answered>
  );
}

export function FindSection({ onRemove }: { onRemove: (removed: Removed) => void }) {
  const [asked, setAsked] = useState('');
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setAsked(String(new FormData(event.currentTarget).get('email')).trim());
  };
  return (
    <Section title="Does mail go there?" about="Type an address in full. Each look stands in the audit log.">
      <form onSubmit={submit}>
        <Group align="flex-end" gap="sm" mb={asked === '' ? 0 : 'md'}>
          <TextInput
            name="email"
            type="email"
            label="Email address"
            maxLength={320}
            required
            style={{ flex: '1 1 16rem', maxWidth: '26rem' }}
          />
          <Button type="submit" variant="default">
            Look
          </Button>
        </Group>
      </form>
      {asked !== '' && <Found key={asked} email={asked} onRemove={onRemove} />}
    </Section>
  );
}
