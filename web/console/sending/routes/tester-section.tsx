/** Where mail to somebody would go and why, without sending any. */
import { Alert, Button, Group, NativeSelect, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import { preflight } from '../../../../src/contract/transport.ts';
import { call } from '../../../shared/client.ts';
import { Section } from '../../elements/section.tsx';
import { Failure } from '../../elements/states.tsx';

interface Question {
  readonly to: string;
  readonly from: string;
  readonly messageClass: 'transactional' | 'marketing';
}

export function TesterSection() {
  const ask = useMutation({
    mutationFn: ({ to, from, messageClass }: Question) =>
      call(preflight, { body: { to: [to], class: messageClass, ...(from === '' ? {} : { from }) } }),
    gcTime: 0,
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const text = (name: string): string => String(data.get(name) ?? '').trim();
    ask.mutate({
      ...{ to: text('to'), from: text('from') },
      messageClass: text('class') === 'marketing' ? 'marketing' : 'transactional',
    });
  };
  const [found] = ask.data?.recipients ?? [];
  return (
    <Section title="Where would mail go?" about="Nothing is sent: rules and the DNS are asked, no mail server.">
      <form onSubmit={submit} noValidate>
        <Stack gap="sm" maw="36rem">
          <TextInput name="to" label="To" placeholder="someone@example.org" autoComplete="off" maxLength={320} />
          <TextInput
            name="from"
            label="From"
            description="Rules may look at its domain."
            autoComplete="off"
            maxLength={320}
          />
          <NativeSelect
            name="class"
            label="Kind of mail"
            data={[
              { value: 'transactional', label: 'Transactional' },
              { value: 'marketing', label: 'Marketing' },
            ]}
          />
          <Group>
            <Button type="submit" variant="default" loading={ask.isPending}>
              Show where it would go
            </Button>
          </Group>
        </Stack>
      </form>
      {ask.error !== null && <Failure failure={ask.error} />}
      {found !== undefined && (
        <Alert variant="default" role="status" mt="md" title={found.route.name ?? 'The installation’s own way'}>
          <Stack gap={4}>
            {found.host !== null && <Text size="sm">{`First to ${found.host}.`}</Text>}
            {found.reasons.map((reason) => (
              <Text size="sm" key={reason}>
                {reason}
              </Text>
            ))}
          </Stack>
        </Alert>
      )}
    </Section>
  );
}
