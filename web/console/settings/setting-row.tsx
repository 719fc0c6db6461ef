/** One setting: its name, what it does in a sentence, and its control. */
import { Switch } from '@mantine/core';
import { type ReactNode, useId } from 'react';
import styles from './setting-row.module.css';

interface SettingRowProps {
  readonly name: string;
  readonly about: ReactNode;
  readonly children: (labels: { 'aria-labelledby': string; 'aria-describedby': string }) => ReactNode;
}

export function SettingRow({ name, about, children }: SettingRowProps) {
  const nameId = useId();
  const aboutId = useId();
  return (
    <div className={styles.row}>
      <div className={styles.words}>
        <div className={styles.name} id={nameId}>
          {name}
        </div>
        <div className={styles.about} id={aboutId}>
          {about}
        </div>
      </div>
      <div className={styles.control}>{children({ 'aria-labelledby': nameId, 'aria-describedby': aboutId })}</div>
    </div>
  );
}

interface SwitchRowProps {
  readonly name: string;
  readonly about: ReactNode;
  readonly isOn: boolean;
  onChange(isOn: boolean): void;
}

export const SwitchRow = ({ name, about, isOn, onChange }: SwitchRowProps) => (
  <SettingRow name={name} about={about}>
    {(labels) => (
      <Switch size="md" checked={isOn} onChange={(event) => onChange(event.currentTarget.checked)} {...labels} />
    )}
  </SettingRow>
);
