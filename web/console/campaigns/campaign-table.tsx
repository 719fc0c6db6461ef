/** The campaigns as rows; each name opens its report. */
import { Paper } from '@mantine/core';
import { Link } from 'react-router';
import type { EngagementRow } from '../../../src/contract/reports.ts';
import { count, dayRange, percent, shareOf } from '../../shared/format.ts';
import { Cell, DataTable } from '../elements/data-table.tsx';
import { PeopleCell } from '../elements/people-cell.tsx';
import { reportPath } from '../elements/report-path.ts';
import styles from './campaigns-page.module.css';

const columns = [
  { label: 'Campaign', width: '26%' },
  { label: 'Sent', isNumber: true, isExtra: true },
  { label: 'Delivered', isNumber: true, isExtra: true },
  { label: 'Opened by people', width: '15%' },
  { label: 'Clicked by people', width: '15%' },
  { label: 'Clicks per open', isNumber: true, isExtra: true },
  { label: 'Unsubscribed', isNumber: true, isExtra: true },
  { label: 'Complained', isNumber: true, isExtra: true },
];

function Name({ row }: { row: EngagementRow }) {
  return (
    <div className={styles.name}>
      {row.key === null ? (
        <Link className="quiet-link" to="/messages">
          No campaign
        </Link>
      ) : (
        <Link className="quiet-link" to={reportPath(row.key)}>
          {row.key}
        </Link>
      )}
      <span>
        {row.key === null ? 'Single messages · ' : ''}
        {dayRange(row.firstAcceptedDay, row.lastAcceptedDay)}
      </span>
    </div>
  );
}

export const CampaignTable = ({ rows }: { rows: readonly EngagementRow[] }) => (
  <Paper className={styles.card ?? ''}>
    <DataTable caption="Campaigns, newest first" columns={columns}>
      {rows.map((row) => (
        <tr key={row.key ?? ''}>
          <Cell>
            <Name row={row} />
          </Cell>
          <Cell isNumber isExtra>
            {count(row.sent)}
          </Cell>
          <Cell isNumber isExtra>
            {count(row.delivered)}
          </Cell>
          <Cell>
            <PeopleCell people={row.people.opened} machines={row.machines.opened} of={row.delivered} />
          </Cell>
          <Cell>
            <PeopleCell people={row.people.clicked} machines={row.machines.clicked} of={row.delivered} />
          </Cell>
          <Cell isNumber isExtra>
            {percent(shareOf(row.people.clicked, row.people.opened ?? 0))}
          </Cell>
          <Cell isNumber isExtra>
            {count(row.unsubscribed)}
          </Cell>
          <Cell isNumber isExtra>
            {count(row.complained)}
          </Cell>
        </tr>
      ))}
    </DataTable>
  </Paper>
);
