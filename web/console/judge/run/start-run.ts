/** Starts a run, or ends one where it is. */
import { useMutation } from '@tanstack/react-query';
import {
  cancelRejudgement,
  listRejudgements,
  type RejudgementBody,
  readRejudgement,
  startRejudgement,
} from '../../../../src/contract/rejudging.ts';
import { type CallInput, call } from '../../../shared/client.ts';
import { queries, queryOf } from '../../queries.ts';

type Wish = NonNullable<CallInput<typeof startRejudgement>['body']>;

function remember(run: RejudgementBody): void {
  queries.setQueryData(queryOf(readRejudgement, { params: { id: run.id } }).queryKey, run);
  void queries.invalidateQueries({ queryKey: [listRejudgements.name] });
}

export async function startRun(wish: Wish): Promise<RejudgementBody> {
  const run = await call(startRejudgement, { body: wish });
  remember(run);
  return run;
}

export const useCancel = (id: string) =>
  useMutation({
    mutationFn: () => call(cancelRejudgement, { params: { id } }),
    onSuccess: remember,
    // It may have ended by itself a moment before.
    onError: () => queries.invalidateQueries({ queryKey: queryOf(readRejudgement, { params: { id } }).queryKey }),
  });
