/** Asks whoever is at the console to prove who they are before something that matters is done; the request then goes on. */
import { Button, Modal, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { startAuthentication } from '@simplewebauthn/browser';
import { IconFingerprint } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { type FormEvent, useCallback, useEffect, useRef, useState } from 'react';
import { stepUp, stepUpOptions } from '../../../src/contract/sign-in.ts';
import { type CallInput, call, proveWith } from '../../shared/client.ts';
import { CodeSample } from '../elements/code-sample.tsx';
import { Failure } from '../elements/states.tsx';
import { type AuthenticationOptions, faultOf } from '../sign-in/passkeys.ts';
import { whenProved } from '../sign-in/sign-on-proof.ts';
import { tokenIn } from '../sign-in/token-in.ts';

type Proof = NonNullable<CallInput<typeof stepUp>['body']>;

interface Asked {
  /** Whether it was proved. */
  settle(isProved: boolean): void;
}

/** Of two requests at once the later one asks; the earlier one stays refused. */
function useAsked(): [Asked | null, (isProved: boolean) => void] {
  const [asked, setAsked] = useState<Asked | null>(null);
  const current = useRef<Asked | null>(null);
  const change = useCallback((next: Asked | null, isProved: boolean) => {
    current.current?.settle(isProved);
    current.current = next;
    setAsked(next);
  }, []);
  useEffect(() => proveWith(() => new Promise((settle) => change({ settle }, false))), [change]);
  return [asked, (isProved) => change(null, isProved)];
}

interface WayProps {
  readonly isPending: boolean;
  onProof(proof: Proof): void;
}

function ByPasskey({ options, isPending, onProof }: WayProps & { readonly options: AuthenticationOptions }) {
  const [failure, setFailure] = useState<Error | null>(null);
  const prove = async () => {
    setFailure(null);
    try {
      onProof({ passkey: await startAuthentication({ optionsJSON: options }) });
    } catch (error) {
      setFailure(faultOf(error));
    }
  };
  return (
    <>
      {failure !== null && <Failure failure={failure} />}
      <Button leftSection={<IconFingerprint size={18} aria-hidden />} loading={isPending} onClick={() => void prove()}>
        Use a passkey
      </Button>
    </>
  );
}

function ByPassword({ isPending, onProof }: WayProps) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    onProof({ password: { password: String(data.get('password')), code: String(data.get('code')) } });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <PasswordInput name="password" label="Password" autoComplete="current-password" required data-autofocus />
        <TextInput name="code" label="Code of the authenticator app" autoComplete="one-time-code" required />
        <Button type="submit" variant="default" loading={isPending}>
          Continue
        </Button>
      </Stack>
    </form>
  );
}

function ByLink({ isPending, onProof }: WayProps) {
  const [fault, setFault] = useState<string | null>(null);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const token = tokenIn(String(new FormData(event.currentTarget).get('link')));
    setFault(token === null ? 'That is not a sign-in link. It ends in #token=…' : null);
    if (token !== null) onProof({ linkToken: token });
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        <Text size="sm">You came by an installation link. On the server, ask for a fresh one:</Text>
        <CodeSample label="Command for a sign-in link" code="npx waxwing sign-in" />
        <TextInput name="link" label="The fresh link" autoComplete="off" error={fault} data-autofocus />
        <Button type="submit" loading={isPending}>
          Continue
        </Button>
      </Stack>
    </form>
  );
}

/** In another tab, so that what waits here stays. */
function BySignOn({ onProved }: { onProved: () => void }) {
  useEffect(() => whenProved(onProved), [onProved]);
  return (
    <Button component="a" href="/sign-in/sso/prove" target="_blank" rel="noopener" variant="default">
      Sign in again at your organisation
    </Button>
  );
}

function Ways({ onProved }: { onProved: () => void }) {
  const ways = useQuery({
    queryKey: [stepUpOptions.name],
    queryFn: () => call(stepUpOptions, { body: {} }),
    gcTime: 0,
  });
  const prove = useMutation({ mutationFn: (body: Proof) => call(stepUp, { body }), onSuccess: onProved });
  const way: WayProps = { isPending: prove.isPending, onProof: prove.mutate };
  const failure = ways.error ?? prove.error;
  return (
    <Stack>
      <Text size="sm">
        What you are about to do matters, and five minutes have passed since you last showed who you are.
      </Text>
      {failure !== null && <Failure failure={failure} />}
      {ways.data?.passkey != null && (
        <ByPasskey options={ways.data.passkey as unknown as AuthenticationOptions} {...way} />
      )}
      {ways.data?.signOn === true && <BySignOn onProved={onProved} />}
      {ways.data?.password === true && <ByPassword {...way} />}
      {ways.data?.link === true && <ByLink {...way} />}
    </Stack>
  );
}

export function ProveDialog() {
  const [asked, settle] = useAsked();
  return (
    <Modal
      opened={asked !== null}
      onClose={() => settle(false)}
      title="Is it still you?"
      zIndex={400}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Ways onProved={() => settle(true)} />
    </Modal>
  );
}
