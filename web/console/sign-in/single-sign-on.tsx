/**
 * Signing in, or proving oneself again, at the identity provider of one's organisation. What the provider sends back is
 * taken out of the address at once and handed to the server by a page of our own, as its cookies ask for.
 */
import { Button, Stack, Text, TextInput, Title } from '@mantine/core';
import { IconBuildingBank, IconCircleCheck } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useEffect, useRef } from 'react';
import { Link, useParams } from 'react-router';
import {
  finishSignOn,
  finishSignOnProof,
  startSignOn,
  startSignOnProof,
} from '../../../src/contract/single-sign-on.ts';
import { type CallInput, call } from '../../shared/client.ts';
import { Failure } from '../elements/states.tsx';
import { SignInFrame, Underway } from './sign-in-frame.tsx';
import { tellProved } from './sign-on-proof.ts';
import { useEnter } from './use-enter.ts';

/** One visit does it once, also where effects run twice. */
function useOnce(run: () => void): void {
  const hasRun = useRef(false);
  useEffect(() => {
    if (hasRun.current) return;
    hasRun.current = true;
    run();
  });
}

const leave = ({ url }: { url: string }) => window.location.assign(url);

const Other = () => (
  <Text size="sm">
    <Link className="quiet-link" to="/sign-in">
      Sign in another way
    </Link>
  </Text>
);

export const SignOnButton = () => (
  <Button
    component={Link}
    to="/sign-in/sso"
    variant="default"
    fullWidth
    leftSection={<IconBuildingBank size={18} aria-hidden />}
  >
    Continue with single sign-on
  </Button>
);

/** Asks for the address, of which only the domain decides where it goes. */
export function SignOnPage() {
  const start = useMutation({
    mutationFn: (body: CallInput<typeof startSignOn>['body']) => call(startSignOn, { body }),
    onSuccess: leave,
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    start.mutate({ email: String(new FormData(event.currentTarget).get('email') ?? '') });
  };
  return (
    <SignInFrame>
      <form onSubmit={submit}>
        <Stack gap="lg">
          <Title order={1} size="h2">
            Single sign-on
          </Title>
          {start.error !== null && <Failure failure={start.error} />}
          <TextInput
            name="email"
            type="email"
            label="Your address at work"
            description="It tells which organisation you belong to. You sign in there, as you do for everything else."
            autoComplete="username"
            required
          />
          <Button type="submit" fullWidth loading={start.isPending || start.isSuccess}>
            Continue
          </Button>
          <Other />
        </Stack>
      </form>
    </SignInFrame>
  );
}

/** An organisation's own link leads straight on. */
export function SignOnLinkPage() {
  const { id = '' } = useParams();
  const start = useMutation({
    mutationFn: () => call(startSignOn, { body: { connectionId: id } }),
    onSuccess: leave,
  });
  useOnce(start.mutate);
  return <OnTheWay title="Taking you to your organisation…" failure={start.error} />;
}

/** In a tab of its own, so that what waits for the proof stays as it is. */
export function SignOnProofPage() {
  const start = useMutation({ mutationFn: () => call(startSignOnProof, { body: {} }), onSuccess: leave });
  useOnce(start.mutate);
  return <OnTheWay title="Taking you to your organisation…" failure={start.error} />;
}

const OnTheWay = ({ title, failure }: { title: string; failure: Error | null }) => (
  <SignInFrame>
    {failure === null ? (
      <Underway title={title} />
    ) : (
      <Stack gap="lg">
        <Title order={1} size="h2">
          That did not work
        </Title>
        <Failure failure={failure} />
        <Other />
      </Stack>
    )}
  </SignInFrame>
);

interface Brought {
  readonly connectionId: string;
  readonly response: string;
}

/** The state’s first letter says what was begun; the server goes by what it sealed itself. */
const isProof = ({ response }: Brought): boolean =>
  new URLSearchParams(response).get('state')?.startsWith('p-') === true;

export function SignOnCallbackPage() {
  const { id = '' } = useParams();
  const enter = useEnter();
  const finish = useMutation({
    mutationFn: async (body: Brought) => {
      if (!isProof(body)) return enter(await call(finishSignOn, { body }));
      await call(finishSignOnProof, { body });
      tellProved();
    },
    gcTime: 0,
  });
  useOnce(() => {
    const response = window.location.search.slice(1);
    window.history.replaceState(window.history.state, '', '/sign-in/sso');
    finish.mutate({ connectionId: id, response: response === '' ? 'nothing' : response });
  });
  const hasProved = finish.isSuccess && finish.variables !== undefined && isProof(finish.variables);
  if (!hasProved) return <OnTheWay title="Signing you in…" failure={finish.error} />;
  return (
    <SignInFrame>
      <Stack align="center" py="xl" role="status">
        <IconCircleCheck size={36} aria-hidden />
        <Title order={1} size="h2">
          It is you
        </Title>
        <Text size="sm">Go back to the tab where you were; this one can be closed.</Text>
      </Stack>
    </SignInFrame>
  );
}
