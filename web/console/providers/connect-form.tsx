/** Which provider, by what name, and the key it signs with where it has one. */
import { Button, Radio, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { z } from 'zod';
import { type createProviderConnection, provider as providerSchema } from '../../../src/contract/providers.ts';
import { Failure } from '../elements/states.tsx';
import { type Draft, DraftNote } from '../elements/use-draft.tsx';
import styles from './connect-form.module.css';
import { type ProviderName, providers } from './provider-words.ts';

export type ConnectionWish = z.input<typeof createProviderConnection.body>;

const isProvider = (value: string): value is ProviderName => value in providers;

interface ConnectFormProps {
  readonly draft: Draft;
  readonly failure: Error | null;
  readonly isPending: boolean;
  onConnect(wish: ConnectionWish): void;
}

const textOf = (form: HTMLFormElement, name: string): string => String(new FormData(form).get(name) ?? '').trim();

export function ConnectForm({ draft, failure, isPending, onConnect }: ConnectFormProps) {
  const [provider, setProvider] = useState<ProviderName>('sendgrid');
  const [fault, setFault] = useState<string | null>(null);
  const { key, name: providerName } = providers[provider];
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const name = textOf(event.currentTarget, 'name');
    const verificationKey = textOf(event.currentTarget, 'key');
    setFault(name === '' ? 'Give the connection a name, so that you know it again.' : null);
    if (name !== '') onConnect({ provider, name, ...(verificationKey === '' ? {} : { verificationKey }) });
  };
  return (
    <form onSubmit={submit} noValidate ref={draft.ref}>
      <Stack>
        <DraftNote draft={draft} />
        <Radio.Group
          name="provider"
          label="Who sends your mail?"
          value={provider}
          onChange={(value) => isProvider(value) && setProvider(value)}
        >
          <div className={styles.choices}>
            {providerSchema.options.map((option) => (
              <Radio
                key={option}
                value={option}
                label={providers[option].name}
                className={styles.choice ?? ''}
                {...(option === provider ? { 'data-autofocus': true } : {})}
              />
            ))}
          </div>
        </Radio.Group>
        <TextInput
          name="name"
          label="Name"
          description="What you send with it, such as “Newsletter”."
          maxLength={100}
          autoComplete="off"
          error={fault}
        />
        {key === null ? (
          <Text size="sm" c="dimmed">
            {providerName} does not sign its calls. They show a user and a password instead, which you get in the next
            step.
          </Text>
        ) : (
          <TextInput
            key={provider}
            name="key"
            data-no-draft
            label={`${key.label} (optional)`}
            description={key.hint}
            maxLength={2000}
            autoComplete="off"
            spellCheck={false}
          />
        )}
        {failure !== null && <Failure failure={failure} />}
        <Button type="submit" loading={isPending}>
          Make its address
        </Button>
      </Stack>
    </form>
  );
}
