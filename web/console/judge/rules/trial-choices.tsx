/** After a dry run: leave everything, switch the rules for hits to come, or for the past too. */
import { Button, Group } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from 'react-router';
import { changeOutboundSettings, readOutboundSettings } from '../../../../src/contract/settings.ts';
import { call } from '../../../shared/client.ts';
import { runPath } from '../../elements/judge-paths.ts';
import { Failure } from '../../elements/states.tsx';
import { queries, queryOf } from '../../queries.ts';
import { forgetReports } from '../../settings/use-settings.ts';
import { startRun } from '../run/start-run.ts';
import type { Rule } from './rule-words.ts';
import styles from './trial-dialog.module.css';

/** Done twice, it does no more than once: the rules are named, not turned over. */
async function switchRules(tried: readonly Rule[]): Promise<void> {
  const { disabledRules } = await call(readOutboundSettings, {});
  const named = new Set(tried.map(({ id }) => id));
  const off = tried.filter(({ enabled }) => enabled).map(({ id }) => id);
  const wanted = [...disabledRules.filter((id) => !named.has(id)), ...off];
  const settings = await call(changeOutboundSettings, { body: { disabledRules: wanted } });
  queries.setQueryData(queryOf(readOutboundSettings, {}).queryKey, settings);
}

const actOf = (tried: readonly Rule[]): string => {
  if (tried.every(({ enabled }) => enabled)) return 'Switch off';
  return tried.some(({ enabled }) => enabled) ? 'Switch' : 'Switch on';
};

interface TrialChoicesProps {
  readonly tried: readonly Rule[];
  readonly since: string | undefined;
  onLeave(): void;
}

export function TrialChoices({ tried, since, onLeave }: TrialChoicesProps) {
  const navigate = useNavigate();
  const act = actOf(tried);
  const apply = useMutation({
    mutationFn: async (alsoPast: boolean) => {
      await switchRules(tried);
      return alsoPast ? startRun({ since, dryRun: false }) : null;
    },
    onSuccess: async (run) => {
      if (run === null) onLeave();
      else await navigate(runPath(run.id));
      await forgetReports();
    },
  });
  const isDoing = (alsoPast: boolean) => apply.isPending && apply.variables === alsoPast;
  return (
    <div className={styles.decision}>
      <p>
        <strong>{act} for hits to come:</strong> stored verdicts stay as they are. <strong>For the past too:</strong>{' '}
        {since === undefined ? 'all hits' : 'the hits of the mail looked at'} are judged again, each change is recorded,
        and reports follow. Switching back and judging again undoes it.
      </p>
      {apply.error !== null && <Failure failure={apply.error} />}
      <Group justify="flex-end" gap="sm">
        <Button variant="default" onClick={onLeave}>
          Leave it as it is
        </Button>
        <Button variant="default" loading={isDoing(false)} disabled={isDoing(true)} onClick={() => apply.mutate(false)}>
          {act} for hits to come
        </Button>
        <Button loading={isDoing(true)} disabled={isDoing(false)} onClick={() => apply.mutate(true)}>
          {act}, and judge the past again
        </Button>
      </Group>
    </div>
  );
}
