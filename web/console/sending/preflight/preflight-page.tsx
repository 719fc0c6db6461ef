/** Looks ahead: for addresses that somebody types, where mail would go and how it would be protected. Nothing is sent. */
import { Button, Group, NativeSelect, Stack, Text, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { preflight } from '../../../../src/contract/transport.ts';
import type { MinimumTransport } from '../../../../src/contract/values.ts';
import { call } from '../../../shared/client.ts';
import { count } from '../../../shared/format.ts';
import { PageHead } from '../../elements/page-head.tsx';
import { Section } from '../../elements/section.tsx';
import { Failure } from '../../elements/states.tsx';
import { rungOptions } from '../elements/rungs.ts';
import { ForecastList, type Foreseen } from './forecast-list.tsx';

const shownAtOnce = 50;

const addressesIn = (text: string): string[] =>
  text
    .split(/[\n;,]+/)
    .map((one) => one.trim())
    .filter((one) => one !== '');

function summaryOf(recipients: readonly Foreseen[]): string {
  const of = (outcome: Foreseen['outcome']) => recipients.filter((one) => one.outcome === outcome).length;
  const parts = [
    `${count(of('sent'))} would be sent`,
    `${count(of('deferred'))} would wait`,
    `${count(of('refused'))} cannot be reached`,
  ];
  return `Of ${count(recipients.length)}: ${parts.join(', ')}.`;
}

function Result({ recipients }: { recipients: readonly Foreseen[] }) {
  const [shown, setShown] = useState(shownAtOnce);
  return (
    <Section
      title="What would happen"
      about={`${summaryOf(recipients)} No promise: whether a server shows the right certificate is seen when it is asked.`}
    >
      <ForecastList recipients={recipients.slice(0, shown)} />
      {recipients.length > shown && (
        <Button variant="default" mt="md" onClick={() => setShown(shown + 200)}>
          Show more
        </Button>
      )}
    </Section>
  );
}

export function PreflightPage() {
  const [fault, setFault] = useState<string | null>(null);
  const look = useMutation({
    mutationFn: (asked: { to: string[]; minimumTransport?: MinimumTransport }) => call(preflight, { body: asked }),
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const to = addressesIn(String(form.get('addresses')));
    const level = String(form.get('minimumTransport'));
    const found = to.length === 0 ? 'Type at least one address.' : to.length > 1000 ? 'At most 1,000 at once.' : null;
    setFault(found);
    if (found === null) look.mutate({ to, ...(level === '' ? {} : { minimumTransport: level as MinimumTransport }) });
  };
  return (
    <>
      <PageHead
        title="Preflight"
        about="Where would a message go, and how would it be protected on the way? Waxwing asks the DNS and what it knows of the domains. No mail server is contacted and nothing is sent."
      />
      <Stack gap="1.25rem">
        <Section title="For whom?">
          <form onSubmit={submit} noValidate>
            <Stack>
              <Textarea
                name="addresses"
                label="Addresses"
                description="One a line, or with commas between them."
                placeholder={'ana@example.org\nbo@clinic.example'}
                autosize
                minRows={3}
                maxRows={10}
                spellCheck={false}
                error={fault}
              />
              <Group align="flex-end" gap="sm">
                <NativeSelect
                  name="minimumTransport"
                  label="The message itself asks for"
                  data={[{ value: '', label: 'Nothing beyond the policies' }, ...rungOptions]}
                />
                <Button type="submit" loading={look.isPending}>
                  Look ahead
                </Button>
              </Group>
            </Stack>
          </form>
        </Section>
        <div role="status" aria-label="Result">
          {look.isPending && <Text size="sm">Asking the DNS; this can take some seconds.</Text>}
          {look.error !== null && <Failure failure={look.error} />}
          {look.data !== undefined && !look.isPending && (
            <Result key={look.submittedAt} recipients={look.data.recipients} />
          )}
        </div>
      </Stack>
    </>
  );
}
