/** What goes where: the rules in the order in which they are asked. Each change is kept at once. */
import { Button, Group, NativeSelect, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { listDepartments } from '../../../../src/contract/people.ts';
import {
  changeRouteRules,
  listRoutes,
  type MailRouteRead,
  type MailRouteRuleRead,
} from '../../../../src/contract/routes.ts';
import { call } from '../../../shared/client.ts';
import { Cell, DataTable } from '../../elements/data-table.tsx';
import { Section } from '../../elements/section.tsx';
import { Failure } from '../../elements/states.tsx';
import { departmentChoices } from '../../people/department-choices.ts';
import { queries, useCall } from '../../queries.ts';
import { ruleWords } from './route-words.ts';

type NewRule = Omit<MailRouteRuleRead, 'id'>;

interface RulesProps {
  readonly routes: readonly MailRouteRead[];
  readonly rules: readonly MailRouteRuleRead[];
}

export function RulesSection({ routes, rules }: RulesProps) {
  const departments = useCall(listDepartments, {}).data?.departments ?? [];
  const save = useMutation({
    mutationFn: (wished: readonly NewRule[]) => {
      const written = wished.map(({ routeId, recipientDomain, senderDomain, departmentId, messageClass }) => ({
        ...{ routeId, recipientDomain, senderDomain, departmentId, messageClass },
      }));
      return call(changeRouteRules, { body: { rules: written } });
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: [listRoutes.name] }),
  });
  const nameOf = (id: string): string => routes.find((route) => route.id === id)?.name ?? '';
  const withoutRule = (place: number) => rules.filter((_, at) => at !== place);
  const moveUp = (place: number) => {
    const [before, moved] = [rules[place - 1], rules[place]];
    if (before !== undefined && moved !== undefined) save.mutate(rules.with(place - 1, moved).with(place, before));
  };
  return (
    <Section
      title="What goes where"
      about="The first rule that fits decides. Mail that none fits goes the installation’s own way."
    >
      <Stack>
        {rules.length === 0 && <Text size="sm">There are no rules yet.</Text>}
        {rules.length > 0 && (
          <DataTable
            caption="Rules, in their order"
            columns={[
              { label: 'Which mail' },
              { label: 'Goes by' },
              { label: <span className="unseen">Actions</span> },
            ]}
          >
            {rules.map((rule, place) => (
              <tr key={rule.id}>
                <Cell>{`${place + 1}. ${ruleWords(rule, departments)}`}</Cell>
                <Cell>{nameOf(rule.routeId)}</Cell>
                <Cell>
                  <Group gap="xs" wrap="nowrap" justify="flex-end">
                    {place > 0 && (
                      <Button
                        size="xs"
                        variant="default"
                        disabled={save.isPending}
                        onClick={() => moveUp(place)}
                        aria-label={`Ask rule ${place + 1} earlier`}
                      >
                        Earlier
                      </Button>
                    )}
                    <Button
                      size="xs"
                      variant="default"
                      disabled={save.isPending}
                      onClick={() => save.mutate(withoutRule(place))}
                      aria-label={`Remove rule ${place + 1}`}
                    >
                      Remove
                    </Button>
                  </Group>
                </Cell>
              </tr>
            ))}
          </DataTable>
        )}
        {routes.length > 0 && (
          <RuleForm
            key={rules.length}
            routes={routes}
            departments={departmentChoices(departments, 'Any')}
            isPending={save.isPending}
            onAdd={(rule) => save.mutate([...rules, rule])}
          />
        )}
        {save.error !== null && <Failure failure={save.error} />}
      </Stack>
    </Section>
  );
}

interface RuleFormProps {
  readonly routes: readonly MailRouteRead[];
  readonly departments: { value: string; label: string }[];
  readonly isPending: boolean;
  readonly onAdd: (rule: NewRule) => void;
}

function RuleForm({ routes, departments, isPending, onAdd }: RuleFormProps) {
  const [isOpen, setOpen] = useState(false);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const text = (name: string): string | null => String(data.get(name) ?? '').trim() || null;
    const asked = text('class');
    onAdd({
      routeId: text('route') ?? '',
      recipientDomain: text('recipientDomain'),
      senderDomain: text('senderDomain'),
      departmentId: text('department'),
      messageClass: asked === 'marketing' || asked === 'transactional' ? asked : null,
    });
  };
  if (!isOpen)
    return (
      <Group>
        <Button variant="default" onClick={() => setOpen(true)}>
          Add a rule
        </Button>
      </Group>
    );
  const classes = [
    { value: '', label: 'Any' },
    { value: 'transactional', label: 'Transactional: one person waits for it' },
    { value: 'marketing', label: 'Marketing: sent to many' },
  ];
  return (
    <form onSubmit={submit} noValidate aria-label="A new rule">
      <Stack gap="sm" maw="36rem">
        <TextInput
          name="recipientDomain"
          label="Recipients at"
          description="A domain, or *.example.org for all below it. Empty: any."
          maxLength={255}
          autoComplete="off"
          spellCheck={false}
          data-autofocus
        />
        <TextInput
          name="senderDomain"
          label="Sent from"
          description="The domain of the sender’s address. Empty: any."
          maxLength={255}
          autoComplete="off"
          spellCheck={false}
        />
        {departments.length > 1 && (
          <NativeSelect
            name="department"
            label="Mail of the department"
            description="With all below it."
            data={departments}
          />
        )}
        <NativeSelect name="class" label="Kind of mail" data={classes} />
        <NativeSelect name="route" label="Goes by" data={routes.map(({ id, name }) => ({ value: id, label: name }))} />
        <Group>
          <Button type="submit" loading={isPending}>
            Keep the rule
          </Button>
          <Button variant="default" onClick={() => setOpen(false)}>
            Leave it
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
