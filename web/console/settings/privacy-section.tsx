/** How long the addresses and programs behind opens and clicks stay readable. A shorter life is asked about, because it cannot be undone. */
import { Button, NativeSelect, NumberInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { Section } from '../elements/section.tsx';
import {
  daysAtFirst,
  daysFrom,
  isShorter,
  type KeepDays,
  type Life,
  lifeOf,
  lifeSentence,
  mostDays,
} from './request-life.ts';
import { SettingRow } from './setting-row.tsx';
import styles from './settings-page.module.css';
import { ShortenDialog } from './shorten-dialog.tsx';
import type { PartProps } from './use-settings.ts';

const lives = [
  { value: 'event', label: 'As long as the event' },
  { value: 'days', label: 'For some days' },
  { value: 'none', label: 'Not at all' },
] as const satisfies readonly { value: Life; label: string }[];

const isLife = (value: string): value is Life => lives.some((life) => life.value === value);

interface DaysProps {
  readonly kept: number | null;
  onChoose(days: number): void;
}

function Days({ kept, onChoose }: DaysProps) {
  const [days, setDays] = useState<string | number>(kept ?? daysAtFirst);
  const [fault, setFault] = useState<string | null>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wanted = daysFrom(days);
    setFault(wanted === null ? `A whole number from 1 to ${mostDays}.` : null);
    if (wanted !== null && wanted !== kept) onChoose(wanted);
  };
  return (
    <form className={styles.days} onSubmit={submit} noValidate>
      <NumberInput
        aria-label="Days"
        suffix=" days"
        value={days}
        onChange={setDays}
        allowDecimal={false}
        allowNegative={false}
        min={1}
        max={mostDays}
        clampBehavior="none"
        error={fault}
      />
      <Button type="submit" variant="default" disabled={kept !== null && daysFrom(days) === kept}>
        Keep so long
      </Button>
    </form>
  );
}

export function Privacy({ settings, onChange }: PartProps) {
  const kept = settings.keepRequestDays;
  const [isChoosingDays, setChoosingDays] = useState(false);
  const [asked, setAsked] = useState<{ days: KeepDays } | null>(null);
  const life = isChoosingDays ? 'days' : lifeOf(kept);
  const keep = (days: KeepDays) => {
    setAsked(null);
    setChoosingDays(false);
    if (days !== kept) onChange({ keepRequestDays: days });
  };
  const choose = (days: KeepDays) => (isShorter(days, kept) ? setAsked({ days }) : keep(days));
  const chooseLife = (wanted: Life) => {
    if (wanted === 'days') return setChoosingDays(true);
    choose(wanted === 'event' ? null : 0);
  };
  return (
    <Section
      title="Addresses and programs of readers"
      about="To judge an open or click, Waxwing looks at its network address and user agent. Afterwards it needs neither: verdicts and reports are the same, whatever you choose."
    >
      <SettingRow
        name="Keep them"
        about={
          isChoosingDays && lifeOf(kept) !== 'days'
            ? 'Say for how many days. Nothing is changed yet.'
            : lifeSentence(kept)
        }
      >
        {(labels) => (
          <div className={styles.life}>
            <NativeSelect
              className={styles.select ?? ''}
              data={[...lives]}
              value={life}
              onChange={({ currentTarget: { value } }) => isLife(value) && chooseLife(value)}
              {...labels}
            />
            {life === 'days' && <Days key={kept} kept={lifeOf(kept) === 'days' ? kept : null} onChoose={choose} />}
          </div>
        )}
      </SettingRow>
      <p className={styles.remark}>
        What stays in any case are traits that name nobody (the kind of network, the kind of program, the time) and
        hashes that tell whether two hits had one source. Whoever holds both the database and the key file could trace
        them, so treat them as personal data.
      </p>
      <ShortenDialog asked={asked} onKeep={() => setAsked(null)} onShorten={keep} />
    </Section>
  );
}
