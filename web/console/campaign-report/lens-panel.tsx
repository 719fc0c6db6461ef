/** The suppression switch and the choice of view, each with what it does in plain words. */
import { Button, Group, Paper, SegmentedControl, Switch, Text } from '@mantine/core';
import { useId } from 'react';
import type { View } from '../../../src/contract/values.ts';
import { Failure } from '../elements/states.tsx';
import { viewSentences, views } from '../elements/views.ts';
import type { Lens } from './lens.ts';
import styles from './lens-panel.module.css';

const explained = (suppresses: boolean): string =>
  suppresses
    ? 'Every rate counts people only. Nothing is deleted: machines stay visible, hatched, beside the people.'
    : 'Machines count as if they were people, as in most other tools. The rates are higher and say less. Nothing stored has changed.';

const Suppression = ({ lens }: { lens: Lens }) => (
  <div className={styles.part}>
    <Switch
      size="md"
      checked={lens.suppresses ?? true}
      disabled={lens.suppresses === null}
      onChange={(event) => lens.setSuppresses(event.currentTarget.checked)}
      label="Suppress automated events"
      description={explained(lens.suppresses ?? true)}
      classNames={{ label: styles.label ?? '', description: styles.description ?? '' }}
    />
  </div>
);

function ViewChoice({ lens }: { lens: Lens }) {
  const labelId = useId();
  const sentenceId = useId();
  return (
    <div className={styles.part}>
      <Group justify="space-between" gap="xs" mb={6}>
        <span className={styles.label} id={labelId}>
          How readily to call it a machine
        </span>
        <SegmentedControl
          size="xs"
          data={[...views]}
          value={lens.view ?? 'balanced'}
          disabled={lens.view === null}
          onChange={(value) => lens.setView(value as View)}
          aria-labelledby={labelId}
          aria-describedby={sentenceId}
        />
      </Group>
      <Text id={sentenceId} className={styles.description ?? ''}>
        {viewSentences[lens.view ?? 'balanced']}
      </Text>
    </div>
  );
}

const Override = ({ lens }: { lens: Lens }) => (
  <div className={styles.override} role="status">
    <Text size="sm">
      <strong>Only this report</strong> is seen this way. The account’s setting is unchanged.
    </Text>
    <Group gap="xs">
      <Button size="compact-sm" variant="subtle" color="gray" onClick={lens.followAccount}>
        Back to the account’s setting
      </Button>
      <Button size="compact-sm" variant="default" loading={lens.isSaving} onClick={lens.makeAccountWide}>
        Make it account-wide
      </Button>
    </Group>
  </div>
);

export const LensPanel = ({ lens }: { lens: Lens }) => (
  <Paper component="section" aria-label="What counts" className={`${styles.panel} no-print`}>
    <div className={styles.parts}>
      <Suppression lens={lens} />
      <ViewChoice lens={lens} />
    </div>
    {lens.isOverridden && <Override lens={lens} />}
    {lens.failure !== null && <Failure failure={lens.failure} />}
  </Paper>
);
