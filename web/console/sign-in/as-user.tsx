/** Signing in as a user: the passkey first, a password with a code otherwise. */
import { Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { startAuthentication } from '@simplewebauthn/browser';
import { IconFingerprint } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import { passkeySignInOptions, signInByPasskey, signInByPassword } from '../../../src/contract/sign-in.ts';
import { call } from '../../shared/client.ts';
import { Failure } from '../elements/states.tsx';
import { type AuthenticationOptions, canUsePasskeys, faultOf } from './passkeys.ts';
import { useEnter } from './use-enter.ts';

async function byPasskey() {
  try {
    const options = await call(passkeySignInOptions, { body: {} });
    const answer = await startAuthentication({ optionsJSON: options as unknown as AuthenticationOptions });
    return await call(signInByPasskey, { body: { answer } });
  } catch (error) {
    throw faultOf(error);
  }
}

export function PasskeyButton() {
  const enter = useEnter();
  const signIn = useMutation({ mutationFn: byPasskey, onSuccess: enter });
  if (!canUsePasskeys()) return null;
  return (
    <Stack gap="sm">
      {signIn.error !== null && <Failure failure={signIn.error} />}
      <Button
        size="md"
        fullWidth
        leftSection={<IconFingerprint size={20} aria-hidden />}
        loading={signIn.isPending}
        onClick={() => signIn.mutate()}
      >
        Use a passkey
      </Button>
    </Stack>
  );
}

interface Given {
  readonly email: string;
  readonly password: string;
  readonly code: string;
}

export function PasswordForm() {
  const enter = useEnter();
  const signIn = useMutation({
    mutationFn: (given: Given) => call(signInByPassword, { body: given }),
    onSuccess: enter,
    gcTime: 0,
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const text = (name: string): string => String(data.get(name) ?? '');
    signIn.mutate({ email: text('email'), password: text('password'), code: text('code') });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <TextInput name="email" type="email" label="Email address" autoComplete="username webauthn" required />
        <PasswordInput name="password" label="Password" autoComplete="current-password" required />
        <TextInput
          name="code"
          label="Code of the authenticator app"
          description="Or one of your recovery codes."
          autoComplete="one-time-code"
          required
        />
        {signIn.error !== null && <Failure failure={signIn.error} />}
        <Button type="submit" variant="default" fullWidth loading={signIn.isPending}>
          Continue
        </Button>
        <Text size="xs" c="dimmed">
          Lost your passkey, password or phone? An owner of the account can invite you anew.
        </Text>
      </Stack>
    </form>
  );
}
