/** How a report looks at its events: with or without machines, and how readily something counts as one. Kept in the address, so that a view can be shared. */
import { useMutation } from '@tanstack/react-query';
import { useSearchParams } from 'react-router';
import type { EngagementQuery } from '../../../src/contract/reports.ts';
import { changeOutboundSettings, type OutboundSettings, readOutboundSettings } from '../../../src/contract/settings.ts';
import type { View } from '../../../src/contract/values.ts';
import { call } from '../../shared/client.ts';
import { queries, queryOf, useCall } from '../queries.ts';
import { forgetReports } from '../settings/use-settings.ts';

export type LensQuery = Pick<EngagementQuery, 'automated' | 'view'>;

export interface Lens {
  readonly query: LensQuery;
  /** Null until the account's settings have come. */
  readonly suppresses: boolean | null;
  readonly view: View | null;
  readonly isOverridden: boolean;
  readonly isSaving: boolean;
  readonly failure: Error | null;
  setSuppresses(suppresses: boolean): void;
  setView(view: View): void;
  followAccount(): void;
  makeAccountWide(): void;
}

const isOneOf = <T extends string>(value: string | null, allowed: readonly T[]): T | null =>
  allowed.find((candidate) => candidate === value) ?? null;

function lensOf(parameters: URLSearchParams): LensQuery {
  return {
    automated: isOneOf(parameters.get('automated'), ['include', 'exclude'] as const) ?? 'account',
    view: isOneOf(parameters.get('view'), ['strict', 'balanced', 'lenient'] as const) ?? 'account',
  };
}

/** What the query asks for, spelt out; what follows the account is taken from its settings. */
function effective(query: LensQuery, account: OutboundSettings | undefined) {
  const suppresses =
    query.automated === 'account' ? (account?.suppressAutomatedEvents ?? null) : query.automated === 'exclude';
  return { suppresses, view: query.view === 'account' ? (account?.view ?? null) : query.view };
}

const useSave = (onSaved: () => void) =>
  useMutation({
    mutationFn: (change: Partial<OutboundSettings>) => call(changeOutboundSettings, { body: change }),
    onSuccess: (settings) => {
      queries.setQueryData(queryOf(readOutboundSettings, {}).queryKey, settings);
      void forgetReports();
      onSaved();
    },
  });

export function useLens(): Lens {
  const [parameters, setParameters] = useSearchParams();
  const account = useCall(readOutboundSettings, {}).data;
  const query = lensOf(parameters);
  const { suppresses, view } = effective(query, account);
  const choose = (name: 'automated' | 'view', value: string | null) =>
    setParameters(
      (before) => {
        const after = new URLSearchParams(before);
        if (value === null) after.delete(name);
        else after.set(name, value);
        return after;
      },
      { replace: true, preventScrollReset: true },
    );
  const followAccount = () =>
    setParameters(
      (before) => new URLSearchParams([...before].filter(([name]) => name !== 'automated' && name !== 'view')),
      { replace: true, preventScrollReset: true },
    );
  const save = useSave(followAccount);
  return {
    query,
    suppresses,
    view,
    isOverridden: query.automated !== 'account' || query.view !== 'account',
    isSaving: save.isPending,
    failure: save.error,
    setSuppresses: (wanted) =>
      choose('automated', wanted === account?.suppressAutomatedEvents ? null : wanted ? 'exclude' : 'include'),
    setView: (wanted) => choose('view', wanted === account?.view ? null : wanted),
    followAccount,
    makeAccountWide: () => {
      if (suppresses !== null && view !== null) save.mutate({ suppressAutomatedEvents: suppresses, view });
    },
  };
}
