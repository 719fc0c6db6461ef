/** One's own ways to sign in and open sessions. */
import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { startRegistration } from '@simplewebauthn/browser';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Link } from 'react-router';
import type { z } from 'zod';
import { readSession } from '../../../src/contract/access.ts';
import {
  addPasskey,
  changeOwnPassword,
  endOtherSessions,
  endOwnSession,
  listOwnSessions,
  newPasskeyOptions,
  newTotpSecret,
  readOwnSecurity,
  removeOwnPassword,
  removePasskey,
  renewRecoveryCodes,
} from '../../../src/contract/sign-in.ts';
import { call } from '../../shared/client.ts';
import { dayOfMoment, plural } from '../../shared/format.ts';
import { PageHead } from '../elements/page-head.tsx';
import { Section } from '../elements/section.tsx';
import { Answered, Failure } from '../elements/states.tsx';
import styles from '../people/people-page.module.css';
import { SessionsTable } from '../people/sessions-table.tsx';
import { queries, useCall } from '../queries.ts';
import { NewPasswordForm } from '../sign-in/new-password.tsx';
import { canUsePasskeys, faultOf, type RegistrationOptions } from '../sign-in/passkeys.ts';
import { RecoveryCodes } from '../sign-in/recovery-codes.tsx';
import { useTimeZone } from '../use-time-zone.ts';

type Security = z.infer<typeof readOwnSecurity.result>;

const refresh = () => queries.invalidateQueries({ queryKey: [readOwnSecurity.name] });

async function makePasskey(name: string) {
  try {
    const optionsJSON = (await call(newPasskeyOptions, { body: {} })) as unknown as RegistrationOptions;
    return await call(addPasskey, { body: { name, answer: await startRegistration({ optionsJSON }) } });
  } catch (error) {
    throw faultOf(error);
  }
}

function Passkeys({ passkeys }: Pick<Security, 'passkeys'>) {
  const timeZone = useTimeZone();
  const add = useMutation({ mutationFn: makePasskey, onSuccess: refresh });
  const remove = useMutation({
    mutationFn: (passkeyId: string) => call(removePasskey, { params: { passkeyId } }),
    onSuccess: refresh,
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    add.mutate(String(new FormData(form).get('name')), { onSuccess: () => form.reset() });
  };
  const failure = add.error ?? remove.error;
  return (
    <Section
      title="Passkeys"
      about="Kept by your devices; each asks for your finger, face or PIN. Two are better than one."
    >
      <ul className={styles.list}>
        {passkeys.length === 0 && <li>None yet.</li>}
        {passkeys.map(({ id, name, createdAt }) => (
          <li key={id} className={styles.row}>
            <strong>{name}</strong>
            <span>made {dayOfMoment(createdAt, timeZone)}</span>
            <Button size="xs" variant="default" aria-label={`Remove ${name}`} onClick={() => remove.mutate(id)}>
              Remove
            </Button>
          </li>
        ))}
      </ul>
      {canUsePasskeys() ? (
        <form className={styles.form} onSubmit={submit}>
          <TextInput name="name" label="New passkey" placeholder="Phone" required maxLength={100} />
          <Button type="submit" variant="default" loading={add.isPending}>
            Add a passkey
          </Button>
        </form>
      ) : (
        <Text size="sm" c="dimmed" mt="sm">
          Passkeys need an address with a name, such as https://mail.clinic.example; on this machine, http://localhost.
        </Text>
      )}
      {failure !== null && <Failure failure={failure} />}
    </Section>
  );
}

function PasswordDialog({ email, onClose }: { email: string; onClose: () => void }) {
  const secret = useCall(newTotpSecret, { body: {} });
  const change = useMutation({
    mutationFn: (body: { password: string; setup: string; code: string }) => call(changeOwnPassword, { body }),
    onSuccess: refresh,
    gcTime: 0,
  });
  if (change.data !== undefined) return <RecoveryCodes codes={change.data.recoveryCodes} onKept={onClose} />;
  return (
    <Answered answer={secret} label="Making a secret" rows={3}>
      {(totp) => (
        <NewPasswordForm
          totp={totp}
          email={email}
          failure={change.error}
          isPending={change.isPending}
          label="Use this password"
          onChosen={change.mutate}
        />
      )}
    </Answered>
  );
}

function Password({ security: { user, recoveryCodesLeft } }: { security: Security }) {
  const [isChanging, setChanging] = useState(false);
  const renew = useMutation({
    mutationFn: () => call(renewRecoveryCodes, { body: {} }),
    onSuccess: refresh,
    gcTime: 0,
  });
  const remove = useMutation({ mutationFn: () => call(removeOwnPassword, {}), onSuccess: refresh });
  const close = () => {
    setChanging(false);
    renew.reset();
    queries.removeQueries({ queryKey: [newTotpSecret.name] });
  };
  const failure = renew.error ?? remove.error;
  return (
    <Section
      title="Password and authenticator app"
      about={
        user.hasPassword
          ? `Set. ${plural(recoveryCodesLeft, 'recovery code')} left.`
          : 'Not set. You need none as long as you have a passkey.'
      }
    >
      <Group gap="xs">
        <Button variant="default" onClick={() => setChanging(true)}>
          {user.hasPassword ? 'Change both' : 'Set a password'}
        </Button>
        {user.hasPassword && (
          <>
            <Button variant="default" loading={renew.isPending} onClick={() => renew.mutate()}>
              New recovery codes
            </Button>
            <Button variant="default" loading={remove.isPending} onClick={() => remove.mutate()}>
              Remove password
            </Button>
          </>
        )}
      </Group>
      {failure !== null && <Failure failure={failure} />}
      <Modal
        opened={isChanging || renew.data !== undefined}
        onClose={close}
        title={isChanging ? 'Password and authenticator app' : 'New recovery codes'}
        closeOnClickOutside={false}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {renew.data !== undefined ? (
          <RecoveryCodes codes={renew.data.recoveryCodes} onKept={close} />
        ) : (
          <PasswordDialog email={user.email} onClose={close} />
        )}
      </Modal>
    </Section>
  );
}

function OwnSessions() {
  const answer = useCall(listOwnSessions, {});
  const onSuccess = () => queries.invalidateQueries({ queryKey: [listOwnSessions.name] });
  const end = useMutation({
    mutationFn: (sessionId: string) => call(endOwnSession, { params: { sessionId } }),
    onSuccess,
  });
  const endOthers = useMutation({ mutationFn: () => call(endOtherSessions, {}), onSuccess });
  return (
    <Section
      title="Your open sessions"
      aside={
        <Button size="xs" variant="default" loading={endOthers.isPending} onClick={() => endOthers.mutate()}>
          End all others
        </Button>
      }
    >
      <Answered answer={answer} label="Loading your sessions" rows={2}>
        {({ sessions }) => <SessionsTable sessions={sessions} onEnd={end.mutate} />}
      </Answered>
    </Section>
  );
}

function Factors() {
  const answer = useCall(readOwnSecurity, {});
  return (
    <Answered answer={answer} label="Loading your ways to sign in">
      {(security) => (
        <>
          <Passkeys passkeys={security.passkeys} />
          <Password security={security} />
        </>
      )}
    </Answered>
  );
}

export function MePage() {
  const session = useCall(readSession, {}).data;
  return (
    <>
      <PageHead
        title={session?.user?.name ?? 'Your sessions'}
        about={
          session?.user === null ? (
            <>
              An installation link opened this session; it belongs to nobody in particular. Invite yourself on the page{' '}
              <Link to="/people" className="quiet-link">
                People
              </Link>{' '}
              to get a sign-in of your own.
            </>
          ) : (
            <>
              How you sign in, and where you are signed in now. See also{' '}
              <Link to="/people" className="quiet-link">
                People
              </Link>
              .
            </>
          )
        }
      />
      <Stack gap="1.25rem" maw="58rem">
        {session?.user != null && <Factors />}
        <OwnSessions />
      </Stack>
    </>
  );
}
