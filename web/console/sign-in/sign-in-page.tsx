/**
 * Signing in: as a user, by an invitation, or by the one-time link that the server's owner made. Tokens stay in the
 * fragment, which no server or log ever sees.
 */
import { Alert, Button, Divider, Stack, Text, TextInput, Title } from '@mantine/core';
import { IconClockX, IconInfoCircle } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { useLocation } from 'react-router';
import { openSession } from '../../../src/contract/access.ts';
import { call, Refusal } from '../../shared/client.ts';
import { CodeSample } from '../elements/code-sample.tsx';
import { Failure } from '../elements/states.tsx';
import { AcceptInvitation } from './accept-invitation.tsx';
import { PasskeyButton, PasswordForm } from './as-user.tsx';
import { SignInFrame, Underway } from './sign-in-frame.tsx';
import { SignOnButton } from './single-sign-on.tsx';
import { tokenIn } from './token-in.ts';
import { useEnter } from './use-enter.ts';

const useRedeem = () => {
  const enter = useEnter();
  return useMutation({
    mutationFn: (token: string) => call(openSession, { body: { token } }),
    onSuccess: enter,
  });
};

/** Taken out of the address at once; the invitation itself stays good until it is accepted. */
function useInvitationOfAddress(): string | null {
  const { hash } = useLocation();
  const [token, setToken] = useState<string | null>(null);
  useEffect(() => {
    if (!hash.startsWith('#invitation=')) return;
    setToken(tokenIn(hash));
    window.history.replaceState(window.history.state, '', '/sign-in');
  }, [hash]);
  return token;
}

/** A link works once, so it is taken out of the address and redeemed once, also where effects run twice. */
function useTokenOfAddress(redeem: (token: string) => void): void {
  const { hash } = useLocation();
  const seen = useRef<string | null>(null);
  useEffect(() => {
    const token = hash.startsWith('#token=') ? decodeURIComponent(hash.slice('#token='.length)) : null;
    if (token === null || token === seen.current) return;
    seen.current = token;
    window.history.replaceState(window.history.state, '', '/sign-in');
    redeem(token);
  }, [hash, redeem]);
}

function PasteLink({ onToken }: { onToken: (token: string) => void }) {
  const [fault, setFault] = useState<string | null>(null);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const token = tokenIn(String(new FormData(event.currentTarget).get('link') ?? ''));
    setFault(
      token === null ? 'That is not a sign-in link. It ends in #token=… and a row of letters and digits.' : null,
    );
    if (token !== null) onToken(token);
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        <TextInput
          name="link"
          label="Or paste the link here"
          placeholder={`${window.location.origin}/sign-in#token=…`}
          autoComplete="off"
          spellCheck={false}
          error={fault}
        />
        <Button type="submit" fullWidth>
          Sign in
        </Button>
      </Stack>
    </form>
  );
}

function Notice({ failure, state }: { failure: Error | null; state: { ended?: boolean; left?: boolean } | null }) {
  if (failure instanceof Refusal && failure.code === 'auth.link_invalid')
    return (
      <Alert
        color="wax"
        variant="default"
        icon={<IconClockX aria-hidden />}
        title="This link no longer works"
        role="alert"
      >
        A sign-in link works once and only for a short time. Make a new one as described below.
      </Alert>
    );
  if (failure !== null) return <Failure failure={failure} />;
  if (state?.ended)
    return (
      <Alert variant="default" icon={<IconInfoCircle aria-hidden />} title="Your session has ended" role="status">
        Sign in again and you will be taken back to where you were.
      </Alert>
    );
  if (state?.left)
    return (
      <Alert variant="default" icon={<IconInfoCircle aria-hidden />} title="You are signed out" role="status">
        See you soon.
      </Alert>
    );
  return null;
}

const HowTo = () => (
  <div>
    <Text size="sm" mb="xs">
      Who runs the server needs neither: ask there for a one-time link and open it in this browser.
    </Text>
    <CodeSample label="Command for a sign-in link" code="npx waxwing sign-in" />
  </div>
);

export function SignInPage() {
  const redeem = useRedeem();
  const invitation = useInvitationOfAddress();
  const { state } = useLocation() as { state: { ended?: boolean; left?: boolean } | null };
  useTokenOfAddress(redeem.mutate);
  return (
    <SignInFrame>
      {invitation !== null ? (
        <AcceptInvitation token={invitation} />
      ) : redeem.isPending || redeem.isSuccess ? (
        <Underway title="Signing you in…" />
      ) : (
        <Stack gap="lg">
          <Title order={1} size="h2">
            Sign in to the console
          </Title>
          <Notice failure={redeem.error} state={state} />
          <PasskeyButton />
          <SignOnButton />
          <PasswordForm />
          <Divider label="or with a link" />
          <HowTo />
          <PasteLink onToken={redeem.mutate} />
        </Stack>
      )}
    </SignInFrame>
  );
}
