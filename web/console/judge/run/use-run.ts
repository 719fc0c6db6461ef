/** One run, asked for again and again while it is under way. Once it has ended, everything that it may have changed is forgotten. */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { readRejudgement } from '../../../../src/contract/rejudging.ts';
import { queries, queryOf } from '../../queries.ts';
import { isUnderWay } from '../words.ts';

export const askAgainAfterMs = 700;

export function useRun(id: string | null) {
  const answer = useQuery({
    ...queryOf(readRejudgement, { params: { id: id ?? '' } }),
    enabled: id !== null,
    refetchInterval: ({ state }) => (isUnderWay(state.data) ? askAgainAfterMs : false),
  });
  useForgetting(answer.data);
  return answer;
}

function useForgetting(run: Parameters<typeof isUnderWay>[0]): void {
  const wasUnderWay = useRef(false);
  const isGoing = isUnderWay(run);
  useEffect(() => {
    if (wasUnderWay.current && !isGoing)
      void queries.invalidateQueries({ predicate: ({ queryKey: [name] }) => name !== readRejudgement.name });
    wasUnderWay.current = isGoing;
  }, [isGoing]);
}
