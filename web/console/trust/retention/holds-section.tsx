/** The legal holds: those in force with what they keep, and those that were. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import type { LegalHold } from '../../../../src/contract/retention.ts';
import { moment } from '../../../shared/format.ts';
import { Cell, DataTable } from '../../elements/data-table.tsx';
import { Section } from '../../elements/section.tsx';
import type { Department } from '../../people/words.ts';
import { useTimeZone } from '../../use-time-zone.ts';
import { ReleaseDialog } from './release-dialog.tsx';
import styles from './retention-page.module.css';
import { coverageWords, scopeWords } from './words.ts';

const columns = [
  { label: 'Hold' },
  { label: 'Covers' },
  { label: 'Since', isExtra: true },
  { label: <span className="unseen">Actions</span>, isNumber: true },
];

interface RowProps {
  readonly hold: LegalHold;
  readonly departments: readonly Department[];
  onRelease(hold: LegalHold): void;
}

function HoldRow({ hold, departments, onRelease }: RowProps) {
  const timeZone = useTimeZone();
  const nameOf = (id: string) => departments.find((one) => one.id === id)?.name;
  return (
    <tr>
      <Cell>
        <div className={styles.hold}>
          <strong>{hold.name}</strong>
          {hold.matter !== null && <span>{hold.matter}</span>}
          <span>{hold.reason}</span>
        </div>
      </Cell>
      <Cell>
        <div className={styles.hold}>
          {scopeWords(hold.scope, timeZone, nameOf)}
          <span>{hold.released === null ? coverageWords(hold) : `Released: ${hold.released.reason}`}</span>
        </div>
      </Cell>
      <Cell isExtra>
        <div className={styles.hold}>
          {moment(hold.placedAt, timeZone)}
          {hold.released !== null && <span>Released {moment(hold.released.at, timeZone)}</span>}
        </div>
      </Cell>
      <Cell isNumber>
        {hold.released === null && (
          <Button size="xs" variant="default" aria-label={`Release ${hold.name}`} onClick={() => onRelease(hold)}>
            Release
          </Button>
        )}
      </Cell>
    </tr>
  );
}

interface HoldsSectionProps {
  readonly holds: readonly LegalHold[];
  readonly departments: readonly Department[];
}

export function HoldsSection({ holds, departments }: HoldsSectionProps) {
  const [releasing, setReleasing] = useState<LegalHold | null>(null);
  return (
    <Section
      title="Legal holds"
      about="What a hold covers cannot be erased by anybody, and the daily run passes over it. Holds are never deleted, only released."
    >
      {holds.length === 0 ? (
        <p className={styles.none}>No hold was ever placed.</p>
      ) : (
        <DataTable caption="Legal holds" columns={columns}>
          {holds.map((hold) => (
            <HoldRow key={hold.id} hold={hold} departments={departments} onRelease={setReleasing} />
          ))}
        </DataTable>
      )}
      <ReleaseDialog hold={releasing} onClose={() => setReleasing(null)} />
    </Section>
  );
}
