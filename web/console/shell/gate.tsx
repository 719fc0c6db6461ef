/** Lets only a signed-in session through to the pages; everyone else is sent to sign in and brought back afterwards. */
import { Center, Loader } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Navigate, useLocation } from 'react-router';
import { readSession } from '../../../src/contract/access.ts';
import { Refusal } from '../../shared/client.ts';
import { Failure } from '../elements/states.tsx';
import { queryOf } from '../queries.ts';
import { rememberReturn } from '../sign-in/return-path.ts';
import { ProveDialog } from './prove-dialog.tsx';
import { SessionEnd } from './session-end.tsx';
import { Shell } from './shell.tsx';

const isSignedOut = (failure: unknown): boolean => failure instanceof Refusal && failure.status === 401;

export function Gate() {
  const session = useQuery({ ...queryOf(readSession, {}), staleTime: 60_000 });
  const location = useLocation();
  if (isSignedOut(session.error)) {
    rememberReturn(location.pathname + location.search);
    return <Navigate to="/sign-in" replace state={{ ended: session.data !== undefined }} />;
  }
  if (session.data !== undefined)
    return (
      <>
        <Shell account={session.data.account} user={session.data.user} />
        <ProveDialog />
        <SessionEnd session={session.data} />
      </>
    );
  return (
    <Center mih="100dvh" p="md">
      {session.error === null ? (
        <Loader type="dots" aria-label="Opening the console" />
      ) : (
        <Failure failure={session.error} onRetry={() => void session.refetch()} />
      )}
    </Center>
  );
}
