/** Rules for single recipient domains: they only ask for more. */
import { Button, Group, Modal, NativeSelect, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { deleteTransportRule, listTransportRules, setTransportRule } from '../../../../src/contract/transport.ts';
import type { MinimumTransport } from '../../../../src/contract/values.ts';
import { call } from '../../../shared/client.ts';
import { dayOfMoment } from '../../../shared/format.ts';
import { Breakable } from '../../elements/breakable.tsx';
import { Cell, DataTable } from '../../elements/data-table.tsx';
import { Section } from '../../elements/section.tsx';
import { Answered, Failure } from '../../elements/states.tsx';
import { queries, useCall } from '../../queries.ts';
import { useTimeZone } from '../../use-time-zone.ts';
import { rungName, rungOptions } from '../elements/rungs.ts';

const refresh = () => void queries.invalidateQueries({ queryKey: [listTransportRules.name] });

function AddRule() {
  const add = useMutation({
    mutationFn: ({ domain, level }: { domain: string; level: MinimumTransport }) =>
      call(setTransportRule, { params: { domain }, body: { minimumTransport: level } }),
    onSuccess: refresh,
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = new FormData(form);
    const asked = {
      domain: String(given.get('domain')).trim(),
      level: String(given.get('level')) as MinimumTransport,
    };
    add.mutate(asked, { onSuccess: () => form.reset() });
  };
  return (
    <form onSubmit={submit}>
      <Group align="flex-end" gap="sm" mb="md">
        <TextInput name="domain" label="Recipient domain" placeholder="hospital.example" maxLength={255} required />
        <NativeSelect
          name="level"
          label="Needs at least"
          defaultValue="verified"
          data={rungOptions.filter(({ value }) => value !== 'plain')}
        />
        <Button type="submit" variant="default" loading={add.isPending}>
          Set the rule
        </Button>
      </Group>
      {add.error !== null && <Failure failure={add.error} />}
    </form>
  );
}

function RemoveRule({ domain, onClose }: { domain: string; onClose: () => void }) {
  const remove = useMutation({
    mutationFn: () => call(deleteTransportRule, { params: { domain } }),
    onSuccess: () => {
      refresh();
      onClose();
    },
  });
  return (
    <Stack>
      <Text>
        From then on mail to <strong>{domain}</strong> needs what every message needs. What was accepted under the
        stricter rule keeps it.
      </Text>
      {remove.error !== null && <Failure failure={remove.error} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          Keep the rule
        </Button>
        <Button color="wax" loading={remove.isPending} onClick={() => remove.mutate()} data-autofocus>
          Remove the rule
        </Button>
      </Group>
    </Stack>
  );
}

export function RulesSection({ mayChange }: { mayChange: boolean }) {
  const answer = useCall(listTransportRules, {});
  const timeZone = useTimeZone();
  const [removed, setRemoved] = useState<string | null>(null);
  return (
    <Section
      title="Single domains"
      about="Ask for more towards organisations that you exchange health information with. A rule holds at once, also for what waits."
    >
      {mayChange && <AddRule />}
      <Answered answer={answer} label="Loading the rules" rows={2}>
        {({ rules }) =>
          rules.length === 0 ? (
            <Text size="sm" c="dimmed">
              No domain has a rule of its own.
            </Text>
          ) : (
            <DataTable
              caption="Rules for single domains"
              columns={[
                { label: 'Domain' },
                { label: 'Needs at least' },
                { label: 'Since', isExtra: true },
                { label: <span className="unseen">Remove</span> },
              ]}
            >
              {rules.map((rule) => (
                <tr key={rule.domain}>
                  <Cell>
                    <strong style={{ overflowWrap: 'anywhere' }}>
                      <Breakable>{rule.domain}</Breakable>
                    </strong>
                  </Cell>
                  <Cell>{rungName(rule.minimumTransport)}</Cell>
                  <Cell isExtra>{dayOfMoment(rule.updatedAt, timeZone)}</Cell>
                  <Cell>
                    {mayChange && (
                      <Button
                        size="compact-sm"
                        variant="subtle"
                        aria-label={`Remove the rule for ${rule.domain}`}
                        onClick={() => setRemoved(rule.domain)}
                      >
                        Remove
                      </Button>
                    )}
                  </Cell>
                </tr>
              ))}
            </DataTable>
          )
        }
      </Answered>
      <Modal
        opened={removed !== null}
        onClose={() => setRemoved(null)}
        title="Remove this rule?"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {removed !== null && <RemoveRule domain={removed} onClose={() => setRemoved(null)} />}
      </Modal>
    </Section>
  );
}
