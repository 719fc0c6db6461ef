/** One identity provider, step by step: what it needs to know, what it gave, who comes in, and whether it is in use. */
import { Button, Group, PasswordInput, Text, TextInput } from '@mantine/core';
import { IconAlertCircle, IconCircleCheck } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import {
  checkSignOnConnection,
  deleteSignOnConnection,
  type SignOnConnection,
} from '../../../../src/contract/single-sign-on.ts';
import { call } from '../../../shared/client.ts';
import { CodeSample } from '../../elements/code-sample.tsx';
import { Section } from '../../elements/section.tsx';
import { Failure } from '../../elements/states.tsx';
import { DraftNote, useDraft } from '../../elements/use-draft.tsx';
import type { Department } from '../words.ts';
import { DomainsPart } from './domains-part.tsx';
import { Part, refreshConnections, useChange } from './part.tsx';
import { PeopleForm } from './people-form.tsx';
import styles from './sign-on-page.module.css';
import { type Checked, findingWords, isComplete, stateWords } from './words.ts';

const Copied = ({ label, code }: { label: string; code: string }) => (
  <div>
    <div className={styles.label}>{label}</div>
    <CodeSample label={label} code={code} />
  </div>
);

const Addresses = ({ connection }: { connection: SignOnConnection }) => (
  <Part
    title="1. Tell the provider of Waxwing"
    about="Register Waxwing there as a web application (OpenID Connect, authorization code), with this redirect URI. Where it asks for a back-channel logout address, give the second one: signing out there then signs out here."
  >
    <div className={styles.codes}>
      <Copied label="Redirect URI" code={connection.redirectUri} />
      <Copied label="Back-channel logout URI" code={connection.logoutUri} />
    </div>
  </Part>
);

function CheckResult({ checked }: { checked: Checked }) {
  const words = findingWords(checked);
  if (words.length > 0)
    return (
      <Group gap="xs" align="flex-start" wrap="nowrap" c="var(--wax)">
        <IconAlertCircle size={18} className={styles.icon} aria-hidden />
        <ul className={styles.findings}>
          {words.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
      </Group>
    );
  return (
    <Group gap="xs" wrap="nowrap">
      <IconCircleCheck size={18} className={styles.icon} aria-hidden />
      <Text size="sm">
        The provider answers as it should
        {checked.supports.backChannelLogout ? ', and ends sessions here when they end there.' : '.'} Client id and
        secret show when somebody signs in.
      </Text>
    </Group>
  );
}

function ProviderForm({ connection }: { connection: SignOnConnection }) {
  const draft = useDraft(`sign-on-provider-${connection.id}`);
  const change = useChange(connection.id);
  const check = useMutation({
    mutationFn: () => call(checkSignOnConnection, { params: { id: connection.id }, body: {} }),
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const text = (name: string): string => String(new FormData(form).get(name) ?? '').trim();
    const secret = text('secret');
    change.mutate(
      {
        issuer: text('issuer') === '' ? null : text('issuer'),
        clientId: text('clientId') === '' ? null : text('clientId'),
        ...(secret === '' ? {} : { clientSecret: secret }),
      },
      {
        onSuccess: () => {
          draft.forget();
          const field = form.elements.namedItem('secret');
          if (field instanceof HTMLInputElement) field.value = '';
          check.mutate();
        },
      },
    );
  };
  const failure = change.error ?? check.error;
  return (
    <Part
      title="2. Enter what the provider gave you"
      about="Saving tests at once whether the provider is what you entered."
    >
      <form onSubmit={submit} className={styles.fields} ref={draft.ref}>
        <DraftNote draft={draft} />
        <TextInput
          name="issuer"
          type="url"
          label="Issuer"
          description="Such as https://login.microsoftonline.com/…/v2.0 or https://accounts.google.com"
          defaultValue={connection.issuer ?? ''}
          maxLength={500}
          spellCheck={false}
          autoComplete="off"
        />
        <TextInput
          name="clientId"
          label="Client id"
          defaultValue={connection.clientId ?? ''}
          maxLength={500}
          spellCheck={false}
          autoComplete="off"
        />
        <PasswordInput
          name="secret"
          label="Client secret"
          description={connection.hasSecret ? 'One is kept and never shown. Enter another to replace it.' : undefined}
          maxLength={2000}
          autoComplete="new-password"
        />
        <Group>
          <Button type="submit" loading={change.isPending}>
            Save and test
          </Button>
          <Button variant="default" loading={check.isPending} onClick={() => check.mutate()}>
            Test again
          </Button>
        </Group>
        <div role="status">{check.data !== undefined && <CheckResult checked={check.data} />}</div>
        {failure !== null && <Failure failure={failure} />}
      </form>
    </Part>
  );
}

function Switching({ connection }: { connection: SignOnConnection }) {
  const change = useChange(connection.id);
  const { isEnabled, signInLink } = connection;
  return (
    <Part
      title="5. Switch it on"
      about={
        isEnabled
          ? 'People choose single sign-on on the sign-in page, or use this link. Switching it off ends the sessions that it opened.'
          : 'Then try it in another browser before you tell anybody. Your own session stays as it is.'
      }
    >
      <div className={styles.codes}>
        {isEnabled && <Copied label="Sign-on link" code={signInLink} />}
        <div>
          <Button
            variant={isEnabled ? 'default' : 'filled'}
            disabled={!isEnabled && !isComplete(connection)}
            loading={change.isPending}
            onClick={() => change.mutate({ isEnabled: !isEnabled })}
          >
            {isEnabled ? 'Switch off' : 'Switch on'}
          </Button>
        </div>
        {!isEnabled && !isComplete(connection) && (
          <Text size="sm">It needs an issuer, a client id and at least one domain first.</Text>
        )}
        {change.error !== null && <Failure failure={change.error} />}
      </div>
    </Part>
  );
}

function DeleteButton({ connection }: { connection: SignOnConnection }) {
  const [isSure, setSure] = useState(false);
  const remove = useMutation({
    mutationFn: () => call(deleteSignOnConnection, { params: { id: connection.id } }),
    onSuccess: refreshConnections,
    onError: () => setSure(false),
  });
  return (
    <>
      <Button
        size="xs"
        variant={isSure ? 'filled' : 'default'}
        {...(isSure ? { color: 'wax' } : {})}
        aria-label={isSure ? `Delete ${connection.name} for good` : `Delete ${connection.name}`}
        loading={remove.isPending}
        onClick={() => (isSure ? remove.mutate() : setSure(true))}
      >
        {isSure ? 'Delete for good' : 'Delete'}
      </Button>
      <Text size="xs" role="status">
        {isSure && 'Its sessions end; users stay. Press again to go on.'}
        {remove.error?.message}
      </Text>
    </>
  );
}

interface ConnectionSectionProps {
  readonly connection: SignOnConnection;
  readonly departments: readonly Department[];
}

export const ConnectionSection = ({ connection, departments }: ConnectionSectionProps) => (
  <Section title={connection.name} about={stateWords(connection)} aside={<DeleteButton connection={connection} />}>
    <Addresses connection={connection} />
    <ProviderForm connection={connection} />
    <PeopleForm connection={connection} departments={departments} />
    <DomainsPart connection={connection} />
    <Switching connection={connection} />
  </Section>
);
