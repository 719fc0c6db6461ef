/** What the console remembers of the server's answers. A session that has ended anywhere sends the whole console to sign in. */
import {
  keepPreviousData,
  MutationCache,
  QueryCache,
  QueryClient,
  type UseQueryResult,
  useQuery,
} from '@tanstack/react-query';
import type { z } from 'zod';
import { readSession } from '../../src/contract/access.ts';
import type { Endpoint } from '../../src/contract/endpoint.ts';
import { type CallInput, call, Refusal } from '../shared/client.ts';

const hasEnded = (failure: unknown): boolean => failure instanceof Refusal && failure.status === 401;

/** The session's query: its failing is what the gate looks at. */
export const sessionKey = [readSession.name, {}] as const;

function onFailure(failure: unknown): void {
  if (hasEnded(failure)) void queries.invalidateQueries({ queryKey: sessionKey });
}

/** A refusal stays a refusal; only a server that is away is worth asking again. */
const isWorthRetrying = (failures: number, failure: unknown): boolean =>
  failures < 2 && failure instanceof Refusal && (failure.status >= 502 || failure.code === 'network.unreachable');

export const queries = new QueryClient({
  queryCache: new QueryCache({
    onError: (failure, query) => {
      if (query.queryKey[0] !== readSession.name) onFailure(failure);
    },
  }),
  mutationCache: new MutationCache({ onError: onFailure }),
  // Without a network a question fails and says so, instead of waiting in silence.
  defaultOptions: {
    queries: { retry: isWorthRetrying, staleTime: 10_000, networkMode: 'always' },
    mutations: { networkMode: 'always' },
  },
});

export const queryOf = <E extends Endpoint>(endpoint: E, input: CallInput<E>) => ({
  queryKey: [endpoint.name, input] as const,
  queryFn: ({ signal }: { signal: AbortSignal }): Promise<z.output<E['result']>> => call(endpoint, input, signal),
});

/** Asks an endpoint and keeps the last answer on screen while a changed question is on its way. */
export const useCall = <E extends Endpoint>(
  endpoint: E,
  input: CallInput<E>,
): UseQueryResult<z.output<E['result']>, Error> =>
  useQuery({ ...queryOf(endpoint, input), placeholderData: keepPreviousData });
