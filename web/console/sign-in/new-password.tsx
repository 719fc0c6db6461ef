/** A password with its authenticator app, chosen together: neither counts without the other. */
import { Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { Refusal } from '../../shared/client.ts';
import { CodeSample } from '../elements/code-sample.tsx';
import { Failure } from '../elements/states.tsx';

export interface NewPassword {
  readonly password: string;
  readonly setup: string;
  readonly code: string;
}

interface NewPasswordFormProps {
  readonly totp: { readonly secret: string; readonly uri: string; readonly setup: string };
  readonly email: string;
  readonly failure: Error | null;
  readonly isPending: boolean;
  readonly label: string;
  onChosen(chosen: NewPassword): void;
}

export function NewPasswordForm({ totp, email, failure, isPending, label, onChosen }: NewPasswordFormProps) {
  const [fault, setFault] = useState<string | null>(null);
  const isRefused = failure instanceof Refusal && failure.code === 'password.refused';
  const why = isRefused ? `This password ${failure.fields[0]?.message ?? 'may not be chosen'}.` : fault;
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const password = String(data.get('password') ?? '');
    setFault([...password].length < 12 ? 'A password has at least 12 characters.' : null);
    if ([...password].length >= 12) onChosen({ password, setup: totp.setup, code: String(data.get('code') ?? '') });
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        <input type="hidden" name="username" autoComplete="username" value={email} readOnly />
        <PasswordInput
          name="password"
          label="Password"
          description="At least 12 characters of any kind. A sentence is easy to remember and hard to guess."
          autoComplete="new-password"
          error={why}
        />
        <Text size="sm">
          Add this secret to an authenticator app,{' '}
          <a className="quiet-link" href={totp.uri}>
            or open it there
          </a>
          , then give the code that the app shows.
        </Text>
        <CodeSample label="Secret for the authenticator app" code={totp.secret} />
        <TextInput name="code" label="Code of the authenticator app" autoComplete="one-time-code" inputMode="numeric" />
        {failure !== null && !isRefused && <Failure failure={failure} />}
        <Button type="submit" variant="default" fullWidth loading={isPending}>
          {label}
        </Button>
      </Stack>
    </form>
  );
}
