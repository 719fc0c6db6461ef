/** Looks up what one recipient domain publishes and what mail there would travel under. It asks as a preflight does, for its postmaster. */
import { Button, Group, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import { preflight } from '../../../../src/contract/transport.ts';
import { call } from '../../../shared/client.ts';
import { Section } from '../../elements/section.tsx';
import { Failure } from '../../elements/states.tsx';
import { ForecastList } from '../preflight/forecast-list.tsx';

export function LookUpSection() {
  const look = useMutation({
    mutationFn: (domain: string) => call(preflight, { body: { to: [`postmaster@${domain}`] } }),
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    look.mutate(String(new FormData(event.currentTarget).get('domain')).trim().replace(/^.*@/, ''));
  };
  return (
    <Section
      title="Look up a domain"
      about="What it publishes about its servers (MTA-STS, DANE), and what mail there would travel under. No mail server is contacted."
    >
      <form onSubmit={submit}>
        <Group align="flex-end" gap="sm" mb={look.isIdle ? 0 : 'md'}>
          <TextInput name="domain" label="Domain" placeholder="hospital.example" maxLength={255} required />
          <Button type="submit" variant="default" loading={look.isPending}>
            Look it up
          </Button>
        </Group>
      </form>
      <div role="status" aria-label="What was found">
        {look.isPending && <Text size="sm">Asking the DNS; this can take some seconds.</Text>}
        {look.error !== null && <Failure failure={look.error} />}
        {look.data !== undefined && (
          <ForecastList recipients={look.data.recipients} title={({ email }) => email.replace(/^.*@/, '')} />
        )}
      </div>
    </Section>
  );
}
