/** Would mail pass? Asked when somebody wants to know, since it asks the DNS. */
import { Badge, Button, Stack, Text, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { checkSender, type SenderCheck } from '../../../src/contract/senders.ts';
import { call } from '../../shared/client.ts';
import { Section } from '../elements/section.tsx';
import { Failure } from '../elements/states.tsx';

const names = { gmail: 'Gmail', yahoo: 'Yahoo', microsoft: 'Microsoft' } as const;
const wordOf = (ok: boolean | null): string => (ok === null ? 'Cannot be told' : ok ? 'Yes' : 'No');
const colorOf = (ok: boolean | null): string => (ok === null ? 'gray' : ok ? 'people' : 'wax');

const Answer = ({ label, ok, why }: { label: string; ok: boolean | null; why: string }) => (
  <li>
    {label}:{' '}
    <Badge variant="light" color={colorOf(ok)}>
      {wordOf(ok)}
    </Badge>{' '}
    <Text span size="sm">
      {why}
    </Text>
  </li>
);

const Findings = ({ check }: { check: SenderCheck }) => (
  <Stack gap="xs" role="status">
    <ul>
      <Answer label="SPF passes" ok={check.spf.aligned} why={check.spf.why} />
      <Answer label="DKIM passes" ok={check.dkim.aligned} why={check.dkim.why} />
      <Answer label="DMARC passes" ok={check.dmarc.passes} why={check.dmarc.why} />
    </ul>
    {check.bulk.map(({ provider, met, rules }) => (
      <div key={provider}>
        <Title order={3}>
          {names[provider]}: rules for bulk mail met? {wordOf(met)}
        </Title>
        <ul>
          {rules
            .filter(({ ok }) => ok !== true)
            .map(({ rule, ok, why }) => (
              <Answer key={rule} label={rule} ok={ok} why={why} />
            ))}
        </ul>
      </div>
    ))}
  </Stack>
);

export function CheckSection({ domain }: { domain: string }) {
  const check = useMutation({ mutationFn: () => call(checkSender, { params: { domain } }) });
  return (
    <Section
      title="Would mail of this domain be trusted?"
      about="Checks SPF, DKIM and DMARC as receivers do, and what the large providers ask of bulk senders. Nothing is sent."
      aside={
        <Button variant="default" loading={check.isPending} onClick={() => check.mutate()}>
          Check now
        </Button>
      }
    >
      {check.error !== null && <Failure failure={check.error} />}
      {check.data !== undefined && <Findings check={check.data} />}
    </Section>
  );
}
