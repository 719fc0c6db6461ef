/** The campaigns as rows; each name opens its report. */
import { Paper } from '@mantine/core';
import { Link } from 'react-router';
import type { EngagementRow } from '../../../src/contract/reports.ts';
import { count, dayRange, percent, shareOf } from '../../shared/format.ts';
import { Cell, DataTable } from '../elements/data-table.tsx';
import { ObjectionCells, objectionColumns, ReachCells, reachColumns } from '../elements/engagement-cells.tsx';
import { reportPath } from '../elements/report-path.ts';
import styles from './campaigns-page.module.css';

const columns = [
  { label: 'Campaign', width: '26%' },
  { label: 'Sent', isNumber: true, isExtra: true },
  ...reachColumns,
  { label: 'Clicks per open', isNumber: true, isExtra: true },
  ...objectionColumns,
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
          <ReachCells row={row} />
          <Cell isNumber isExtra>
            {percent(shareOf(row.people.clicked, row.people.opened ?? 0))}
          </Cell>
          <ObjectionCells row={row} />
        </tr>
      ))}
    </DataTable>
  </Paper>
);
