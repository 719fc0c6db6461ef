/** Whom some mail reached and who wanted no more of it: the columns that campaigns, departments and domains are compared by. */
import type { EngagementRow } from '../../../src/contract/reports.ts';
import { count } from '../../shared/format.ts';
import { Cell, type Column } from './data-table.tsx';
import { PeopleCell } from './people-cell.tsx';

export const reachColumns: readonly Column[] = [
  { label: 'Delivered', isNumber: true, isExtra: true },
  { label: 'Opened by people', width: '15%' },
  { label: 'Clicked by people', width: '15%' },
];

export const ReachCells = ({ row }: { row: EngagementRow }) => (
  <>
    <Cell isNumber isExtra>
      {count(row.delivered)}
    </Cell>
    <Cell>
      <PeopleCell people={row.people.opened} machines={row.machines.opened} of={row.delivered} />
    </Cell>
    <Cell>
      <PeopleCell people={row.people.clicked} machines={row.machines.clicked} of={row.delivered} />
    </Cell>
  </>
);

export const objectionColumns: readonly Column[] = [
  { label: 'Unsubscribed', isNumber: true, isExtra: true },
  { label: 'Complained', isNumber: true, isExtra: true },
];

export const ObjectionCells = ({ row }: { row: EngagementRow }) => (
  <>
    <Cell isNumber isExtra>
      {count(row.unsubscribed)}
    </Cell>
    <Cell isNumber isExtra>
      {count(row.complained)}
    </Cell>
  </>
);
