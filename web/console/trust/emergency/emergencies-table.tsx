/** Emergency accesses in lines: whose, when, why in a word, and where the review stands. */
import { Button } from '@mantine/core';
import { Link } from 'react-router';
import type { EmergencyAccessBody } from '../../../../src/contract/emergency.ts';
import { moment } from '../../../shared/format.ts';
import { Cell, DataTable } from '../../elements/data-table.tsx';
import { emergencyPath } from '../../emergency/use-emergency.ts';
import { useTimeZone } from '../../use-time-zone.ts';
import { categoryNames, stateWords } from './words.ts';

const columns = (isReviewer: boolean) => [
  { label: 'Opened' },
  ...(isReviewer ? [{ label: 'By' }] : []),
  { label: 'Why', isExtra: true },
  { label: 'State' },
  ...(isReviewer ? [{ label: <span className="unseen">Actions</span>, isNumber: true }] : []),
];

interface EmergenciesProps {
  readonly caption: string;
  readonly emergencies: readonly EmergencyAccessBody[];
  /** Shows whose they are and leads to each. */
  readonly isReviewer: boolean;
}

export function EmergenciesTable({ caption, emergencies, isReviewer }: EmergenciesProps) {
  const timeZone = useTimeZone();
  return (
    <DataTable caption={caption} columns={columns(isReviewer)}>
      {emergencies.map((one) => (
        <tr key={one.id}>
          <Cell>{moment(one.openedAt, timeZone)}</Cell>
          {isReviewer && <Cell>{one.userName}</Cell>}
          <Cell isExtra>{categoryNames[one.category]}</Cell>
          <Cell>{stateWords(one)}</Cell>
          {isReviewer && (
            <Cell isNumber>
              <Button
                component={Link}
                to={`${emergencyPath}/${one.id}`}
                size="xs"
                variant="default"
                aria-label={`Look at what ${one.userName} did from ${moment(one.openedAt, timeZone)}`}
              >
                Look
              </Button>
            </Cell>
          )}
        </tr>
      ))}
    </DataTable>
  );
}
