/** Open console sessions, with a button to end each. */
import { Badge, Button, Text } from '@mantine/core';
import { moment } from '../../shared/format.ts';
import { Cell, DataTable } from '../elements/data-table.tsx';
import { useTimeZone } from '../use-time-zone.ts';
import styles from './people-page.module.css';
import { type ConsoleSession, openerNames } from './words.ts';

const columns = [
  { label: 'Session' },
  { label: 'Opened', isExtra: true },
  { label: 'Last used', isExtra: true },
  { label: <span className="unseen">Actions</span>, isNumber: true },
];

interface SessionsTableProps {
  readonly sessions: readonly ConsoleSession[];
  /** Whose it is, in words; undefined: one's own. */
  nameOf?(userId: string | null): string;
  onEnd(id: string): void;
}

export function SessionsTable({ sessions, nameOf, onEnd }: SessionsTableProps) {
  const timeZone = useTimeZone();
  return (
    <DataTable caption="Open sessions" columns={columns}>
      {sessions.map((one) => {
        const name = nameOf?.(one.userId) ?? one.place;
        return (
          <tr key={one.id}>
            <Cell>
              <div className={styles.name}>
                <strong>{name}</strong>
                {nameOf !== undefined && <span>{one.place}</span>}
                {openerNames[one.openedBy] !== name && <span>{openerNames[one.openedBy]}</span>}
                <Text component="span" hiddenFrom="sm">
                  Last used {moment(one.lastSeenAt, timeZone)}
                </Text>
              </div>
            </Cell>
            <Cell isExtra>{moment(one.createdAt, timeZone)}</Cell>
            <Cell isExtra>{moment(one.lastSeenAt, timeZone)}</Cell>
            <Cell isNumber>
              {one.isThisOne ? (
                <Badge variant="default">This one</Badge>
              ) : (
                <Button size="xs" variant="default" aria-label={`End: ${name}`} onClick={() => onEnd(one.id)}>
                  End
                </Button>
              )}
            </Cell>
          </tr>
        );
      })}
    </DataTable>
  );
}
