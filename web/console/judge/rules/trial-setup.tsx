/** Which rules are tried, and over which mail. */
import { ActionIcon, NativeSelect, Select } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useTimeZone } from '../../use-time-zone.ts';
import type { Rule } from './rule-words.ts';
import styles from './trial-dialog.module.css';
import type { Tried } from './use-tried.ts';

interface TrialSetupProps {
  readonly rules: readonly Rule[];
  readonly tried: Tried;
  readonly isLocked: boolean;
  onTried(ids: readonly string[]): void;
  onSince(since: string | undefined): void;
}

const spans = [
  { value: '', label: 'All mail' },
  { value: '7', label: 'Mail of the last 7 days' },
  { value: '30', label: 'Mail of the last 30 days' },
  { value: '90', label: 'Mail of the last 90 days' },
];

const dayMs = 86_400_000;
/** `en-CA` writes a day as ISO 8601 does. */
const daysAgo = (days: string, timeZone: string): string | undefined =>
  days === ''
    ? undefined
    : new Intl.DateTimeFormat('en-CA', { timeZone }).format(new Date(Date.now() - Number(days) * dayMs));

export function TrialSetup({ rules, tried, isLocked, onTried, onSince }: TrialSetupProps) {
  const timeZone = useTimeZone();
  const ids = tried.rules.map(({ id }) => id);
  return (
    <>
      <p className={styles.about}>A dry run tells what would change in the verdicts of the past. It changes nothing.</p>
      <ul className={styles.tried} aria-label="Rules that are tried">
        {tried.rules.map((rule) => (
          <li key={rule.id}>
            <span>
              <strong>{rule.enabled ? 'Switch off' : 'Switch on'}</strong> <code>{rule.id}</code>
              <span className={styles.sentence}>{rule.text}</span>
            </span>
            {ids.length > 1 && (
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label={`Do not try ${rule.id}`}
                disabled={isLocked}
                onClick={() => onTried(ids.filter((id) => id !== rule.id))}
              >
                <IconX size={16} aria-hidden />
              </ActionIcon>
            )}
          </li>
        ))}
      </ul>
      <div className={styles.choices}>
        <Select
          key={ids.join(' ')}
          label="Together with another rule"
          placeholder="Find a rule"
          data={rules.filter(({ id }) => !ids.includes(id)).map(({ id }) => id)}
          searchable
          limit={60}
          nothingFoundMessage="No such rule"
          disabled={isLocked}
          comboboxProps={{ withinPortal: false }}
          onChange={(id) => id !== null && onTried([...ids, id])}
        />
        <NativeSelect
          label="Over"
          data={spans}
          disabled={isLocked}
          onChange={({ currentTarget: { value } }) => onSince(daysAgo(value, timeZone))}
        />
      </div>
    </>
  );
}
