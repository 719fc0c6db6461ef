/** Who comes in by an identity provider, and as what: domains, new users, groups that decide roles, what is asked of them. */
import { Button, Checkbox, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import type { SignOnConnection } from '../../../../src/contract/single-sign-on.ts';
import type { Words } from '../../elements/form-words.ts';
import { Failure } from '../../elements/states.tsx';
import { DraftNote, useDraft } from '../../elements/use-draft.tsx';
import { departmentChoices } from '../department-choices.ts';
import { type Department, roleNames } from '../words.ts';
import { Part, useChange } from './part.tsx';
import styles from './sign-on-page.module.css';

type Rule = SignOnConnection['roleRules'][number];
type LesserRole = Rule['role'];

const roles: readonly LesserRole[] = ['viewer', 'sender', 'compliance', 'admin'];
const roleChoices = roles.map((role) => ({ value: role, label: roleNames[role] }));

/** A row keeps its place on the page by a number of its own, as it has no name. */
interface Row extends Rule {
  readonly key: number;
}

let rows = 0;
const rowOf = (rule: Rule): Row => {
  rows += 1;
  return { ...rule, key: rows };
};

/** The rows that stood in the form when its words were kept. */
function rowsIn(words: Words): Row[] {
  const rules: Row[] = [];
  for (let at = 1; words[`group-${at}`] !== undefined; at += 1)
    rules.push(
      rowOf({
        value: words[`group-${at}`] ?? '',
        role: roles.find((role) => role === words[`group-role-${at}`]) ?? 'viewer',
        departmentId: words[`group-department-${at}`] || null,
      }),
    );
  return rules;
}

interface RuleRowsProps {
  readonly rules: readonly Row[];
  readonly departments: readonly Department[];
  onChange(rules: readonly Row[]): void;
}

function RuleRows({ rules, departments, onChange }: RuleRowsProps) {
  const set = (at: number, change: Partial<Rule>) =>
    onChange(rules.map((one, index) => (index === at ? { ...one, ...change } : one)));
  return (
    <>
      {rules.map((rule, at) => (
        <div key={rule.key} className={styles.rule}>
          <TextInput
            name={`group-${at + 1}`}
            label={`Group ${at + 1}`}
            value={rule.value}
            required
            maxLength={300}
            onChange={(event) => set(at, { value: event.currentTarget.value })}
          />
          <NativeSelect
            name={`group-role-${at + 1}`}
            label={`Role of group ${at + 1}`}
            data={roleChoices}
            value={rule.role}
            onChange={(event) => set(at, { role: event.currentTarget.value as LesserRole })}
          />
          {departments.length > 0 && (
            <NativeSelect
              name={`group-department-${at + 1}`}
              label={`Department of group ${at + 1}`}
              data={departmentChoices(departments)}
              value={rule.departmentId ?? ''}
              onChange={(event) => set(at, { departmentId: event.currentTarget.value || null })}
            />
          )}
          <Button
            variant="default"
            aria-label={`Remove group ${at + 1}`}
            onClick={() => onChange(rules.filter((_, index) => index !== at))}
          >
            Remove
          </Button>
        </div>
      ))}
      <div>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconPlus size={14} aria-hidden />}
          onClick={() => onChange([...rules, rowOf({ value: '', role: 'viewer', departmentId: null })])}
        >
          Add a group
        </Button>
      </div>
    </>
  );
}

interface PeopleFormProps {
  readonly connection: SignOnConnection;
  readonly departments: readonly Department[];
}

export function PeopleForm({ connection, departments }: PeopleFormProps) {
  const change = useChange(connection.id);
  const [rules, setRules] = useState<readonly Row[]>(() => connection.roleRules.map(rowOf));
  const draft = useDraft(`sign-on-people-${connection.id}`, (words) => setRules(rowsIn(words)));
  const { secondFactor } = connection;
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const text = (name: string): string => String(data.get(name) ?? '').trim();
    const factor = text('factor');
    change.mutate(
      {
        domains: text('domains')
          .split(/[\s,;]+/)
          .filter((one) => one !== ''),
        makesUsers: data.has('makesUsers'),
        trustsAddresses: data.has('trustsAddresses'),
        isRequired: data.has('isRequired'),
        defaultRole: text('defaultRole') === '' ? null : (text('defaultRole') as LesserRole),
        defaultDepartmentId: text('department') === '' ? null : text('department'),
        widestReach: text('reach') as SignOnConnection['widestReach'],
        roleClaim: text('roleClaim') === '' ? null : text('roleClaim'),
        roleRules: rules.map(({ key: _key, ...one }) => ({ ...one, value: one.value.trim() })),
        secondFactor: factor === '' ? null : { claim: text('factorClaim') as 'amr' | 'acr', value: factor },
      },
      { onSuccess: draft.forget },
    );
  };
  return (
    <Part title="3. Say who comes in, and as what" about="What is not ticked or filled in is not done.">
      <form onSubmit={submit} className={styles.fields} ref={draft.ref}>
        <DraftNote draft={draft} />
        <Textarea
          name="domains"
          label="Domains"
          description="What stands behind the @ of your people’s addresses, one a line. Nobody with another address comes in."
          defaultValue={connection.domains.join('\n')}
          autosize
          minRows={2}
          spellCheck={false}
        />
        <Checkbox
          name="makesUsers"
          label="Make users of people who sign in for the first time"
          description="Otherwise only those come in whom somebody invited."
          defaultChecked={connection.makesUsers}
        />
        <NativeSelect
          name="defaultRole"
          label="Their role"
          description="Nobody becomes an owner by a provider."
          data={[...roleChoices, { value: '', label: 'Refuse them unless a group below fits' }]}
          defaultValue={connection.defaultRole ?? ''}
        />
        {departments.length > 0 && (
          <NativeSelect
            name="department"
            label="Their department"
            data={departmentChoices(departments)}
            defaultValue={connection.defaultDepartmentId ?? ''}
          />
        )}
        <NativeSelect
          name="reach"
          label="How far they reach"
          description="Who is put into a department reaches no further than that department and those below it."
          data={[
            { value: 'department', label: 'Their department only: everybody needs one, above or by a group below' },
            { value: 'account', label: 'The whole account, for who is put into no department' },
          ]}
          defaultValue={connection.widestReach}
        />
        <TextInput
          name="roleClaim"
          label="Claim that names groups"
          description="Such as “groups”. With it the provider decides role and department at every sign-in; the first group that fits counts, owners stay owners."
          defaultValue={connection.roleClaim ?? ''}
          maxLength={300}
          spellCheck={false}
        />
        <RuleRows rules={rules} departments={departments} onChange={setRules} />
        <div className={styles.rule}>
          <NativeSelect
            name="factorClaim"
            label="Second factor is shown by"
            data={['amr', 'acr']}
            defaultValue={secondFactor?.claim ?? 'amr'}
          />
          <TextInput
            name="factor"
            label="Value that it must have"
            description="Such as “mfa”. Empty: the provider’s own rules are enough."
            defaultValue={secondFactor?.value ?? ''}
            maxLength={300}
            spellCheck={false}
          />
        </div>
        <Checkbox
          name="trustsAddresses"
          label="Believe addresses that the provider does not call verified"
          description="Only where nobody can choose their own address at the provider, as with Microsoft Entra ID of a single organisation."
          defaultChecked={connection.trustsAddresses}
        />
        <Checkbox
          name="isRequired"
          label="Require single sign-on of people with these domains"
          description="Passkeys and passwords no longer let them in. Owners keep theirs, and so does the server’s installation link."
          defaultChecked={connection.isRequired}
        />
        {change.error !== null && <Failure failure={change.error} />}
        <div>
          <Button type="submit" loading={change.isPending}>
            Save who comes in
          </Button>
        </div>
        <div role="status">{change.isSuccess && 'Saved.'}</div>
      </form>
    </Part>
  );
}
