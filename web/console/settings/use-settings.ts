/** The outbound settings as they will be: a change shows at once, and goes back if the server refuses it. */
import { useMutation } from '@tanstack/react-query';
import { changeOutboundSettings, type OutboundSettings, readOutboundSettings } from '../../../src/contract/settings.ts';
import { call } from '../../shared/client.ts';
import { queries, queryOf, useCall } from '../queries.ts';

type Change = Partial<OutboundSettings>;

/** What a section of the page is given. */
export interface PartProps {
  readonly settings: OutboundSettings;
  onChange(change: Change): void;
}

const { queryKey } = queryOf(readOutboundSettings, {});

/** Reports were counted under the settings of before. */
export const forgetReports = () =>
  queries.invalidateQueries({ predicate: ({ queryKey: [name] }) => name !== readOutboundSettings.name });

export function useSettings() {
  const answer = useCall(readOutboundSettings, {});
  const save = useMutation({
    mutationFn: (change: Change) => call(changeOutboundSettings, { body: change }),
    scope: { id: 'outbound-settings' },
    onMutate: async (change) => {
      await queries.cancelQueries({ queryKey });
      const before = queries.getQueryData<OutboundSettings>(queryKey);
      if (before !== undefined) queries.setQueryData(queryKey, { ...before, ...change });
      return before;
    },
    onError: (_failure, _change, before) => queries.setQueryData(queryKey, before),
    onSuccess: (settings) => {
      queries.setQueryData(queryKey, settings);
      void forgetReports();
    },
  });
  return { answer, save };
}
