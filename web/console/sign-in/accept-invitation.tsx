/** An invited person chooses how to sign in from now on: a passkey, or a password with an authenticator app. */
import { Button, Divider, Loader, Stack, Text, Title } from '@mantine/core';
import { startRegistration } from '@simplewebauthn/browser';
import { IconFingerprint } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { acceptInvitation, openInvitation } from '../../../src/contract/sign-in.ts';
import { type CallInput, call } from '../../shared/client.ts';
import { Failure } from '../elements/states.tsx';
import { NewPasswordForm } from './new-password.tsx';
import { canUsePasskeys, faultOf, type RegistrationOptions } from './passkeys.ts';
import { RecoveryCodes } from './recovery-codes.tsx';
import { useEnter } from './use-enter.ts';

type Acceptance = Omit<CallInput<typeof acceptInvitation>['body'], 'token'>;

export function AcceptInvitation({ token }: { token: string }) {
  const enter = useEnter();
  const invited = useQuery({
    queryKey: [openInvitation.name],
    queryFn: () => call(openInvitation, { body: { token } }),
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const accept = useMutation({
    mutationFn: async (how: 'passkey' | Acceptance) => {
      if (how !== 'passkey') return call(acceptInvitation, { body: { token, ...how } });
      try {
        const optionsJSON = invited.data?.passkey as unknown as RegistrationOptions;
        return await call(acceptInvitation, { body: { token, passkey: await startRegistration({ optionsJSON }) } });
      } catch (error) {
        throw faultOf(error);
      }
    },
    onSuccess: (session) => {
      if (session.recoveryCodes.length === 0) enter(session);
    },
    gcTime: 0,
  });
  if (invited.error !== null) return <Failure failure={invited.error} />;
  if (invited.data === undefined) return <Loader type="dots" aria-label="Opening the invitation" />;
  if (accept.data !== undefined)
    return <RecoveryCodes codes={accept.data.recoveryCodes} onKept={() => enter(accept.data)} />;
  const { account, user, totp } = invited.data;
  const byPasskey = accept.variables === 'passkey';
  return (
    <Stack gap="lg">
      <div>
        <Title order={1} size="h2">
          Welcome, {user.name}
        </Title>
        <Text size="sm" c="dimmed" mt={4}>
          You are invited to {account.name} as {user.email}. Choose how you will sign in.
        </Text>
      </div>
      {canUsePasskeys() && (
        <Stack gap="sm">
          {accept.error !== null && byPasskey && <Failure failure={accept.error} />}
          <Button
            size="md"
            leftSection={<IconFingerprint size={20} aria-hidden />}
            loading={accept.isPending && byPasskey}
            onClick={() => accept.mutate('passkey')}
          >
            Make a passkey
          </Button>
          <Text size="xs" c="dimmed">
            Your device keeps it and asks for your finger, face or PIN. There is nothing to remember or to steal.
          </Text>
          <Divider label="or" />
        </Stack>
      )}
      <NewPasswordForm
        totp={totp}
        email={user.email}
        failure={byPasskey ? null : accept.error}
        isPending={accept.isPending && !byPasskey}
        label="Use this password"
        onChosen={(password) => accept.mutate({ password })}
      />
    </Stack>
  );
}
