/** The report by recipient domain, by department and by link: where people are, and what they wanted. */
import { Button, Text, UnstyledButton } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { type EngagementRow, readEngagement } from '../../../src/contract/reports.ts';
import { count, percent, plural, shareOf } from '../../shared/format.ts';
import { Breakable } from '../elements/breakable.tsx';
import { Cell, type Column, DataTable } from '../elements/data-table.tsx';
import { ObjectionCells, objectionColumns, ReachCells, reachColumns } from '../elements/engagement-cells.tsx';
import { PeopleCell } from '../elements/people-cell.tsx';
import { Section } from '../elements/section.tsx';
import { Answered } from '../elements/states.tsx';
import { useCall } from '../queries.ts';
import { useMay } from '../use-may.ts';
import styles from './breakdown-sections.module.css';
import type { LensQuery } from './lens.ts';
import type { RecipientFilter } from './recipient-filter.ts';

const shownAtFirst = 8;

interface RowsProps {
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly EngagementRow[];
  readonly none: string;
  readonly of: string;
  readonly children: (row: EngagementRow) => ReactNode;
}

function Rows({ caption, columns, rows, none, of, children }: RowsProps) {
  const [areAllShown, setAllShown] = useState(false);
  if (rows.length === 0)
    return (
      <Text c="dimmed" size="sm">
        {none}
      </Text>
    );
  return (
    <>
      <DataTable caption={caption} columns={columns}>
        {(areAllShown ? rows : rows.slice(0, shownAtFirst)).map(children)}
      </DataTable>
      {rows.length > shownAtFirst && !areAllShown && (
        <Button variant="subtle" color="gray" size="xs" mt="xs" className="no-print" onClick={() => setAllShown(true)}>
          Show all {plural(rows.length, of)}
        </Button>
      )}
    </>
  );
}

const columnsOf = (label: string): readonly Column[] => [{ label }, ...reachColumns, ...objectionColumns];
const domainColumns = columnsOf('Domain');
const departmentColumns = columnsOf('Department');

type OfCampaign = Omit<DomainsProps, 'onOpen'>;

/** For who may see how departments are called. */
export const DepartmentsSection = (of: OfCampaign) =>
  useMay()({ needs: ['people.read'] }) ? <NamedDepartments {...of} /> : null;

/** Nothing where no department sent the campaign. */
function NamedDepartments({ campaign, lens }: OfCampaign) {
  const report = useCall(readEngagement, { query: { ...lens, campaign, groupBy: 'department' } });
  const rows = report.data?.rows ?? [];
  if (!rows.some(({ key }) => key !== null)) return null;
  return (
    <Section title="Departments" about="Who in the organisation sent it, as their people open and click.">
      <Rows caption="Opens and clicks by department" columns={departmentColumns} rows={rows} none="" of="department">
        {(row) => (
          <tr key={row.key ?? ''}>
            <Cell>{row.key === null ? 'No department' : (row.label ?? 'A department that is gone')}</Cell>
            <ReachCells row={row} />
            <ObjectionCells row={row} />
          </tr>
        )}
      </Rows>
    </Section>
  );
}

interface DomainsProps {
  readonly campaign: string;
  readonly lens: LensQuery;
  onOpen(filter: Partial<RecipientFilter>): void;
}

export function DomainsSection({ campaign, lens, onOpen }: DomainsProps) {
  const report = useCall(readEngagement, { query: { ...lens, campaign, groupBy: 'recipientDomain' } });
  return (
    <Section title="Recipient domains" about="A hatched bar is a mail system that opens or clicks by itself.">
      <Answered answer={report} label="Loading the recipient domains">
        {({ rows }) => (
          <Rows
            caption="Opens and clicks by recipient domain"
            columns={domainColumns}
            rows={rows.toSorted((one, other) => other.delivered - one.delivered)}
            none="No recipient yet."
            of="domain"
          >
            {(row) => (
              <tr key={row.key}>
                <Cell>
                  <UnstyledButton
                    className={`quiet-link ${styles.domain}`}
                    title="Show its recipients"
                    onClick={() => onOpen({ recipientDomain: row.key ?? '' })}
                  >
                    <Breakable>{row.key ?? ''}</Breakable>
                  </UnstyledButton>
                </Cell>
                <ReachCells row={row} />
                <ObjectionCells row={row} />
              </tr>
            )}
          </Rows>
        )}
      </Answered>
    </Section>
  );
}

const linkColumns = [
  { label: 'Link' },
  { label: 'Clicked by people', width: '26%' },
  { label: 'Machines only', isNumber: true, isExtra: true },
];

/** The scheme says nothing to a reader. */
const shortUrl = (url: string): string => url.replace(/^https?:\/\/(www\.)?/, '');

export function LinksSection({ campaign, lens }: { campaign: string; lens: LensQuery }) {
  const report = useCall(readEngagement, { query: { ...lens, campaign, groupBy: 'link' } });
  return (
    <Section title="Links" about="A share is of the recipients who were sent that link.">
      <Answered answer={report} label="Loading the links">
        {({ rows }) => (
          <Rows
            caption="Clicks by link"
            columns={linkColumns}
            rows={rows.toSorted((one, other) => other.people.clicked - one.people.clicked)}
            none="This campaign has no links that are followed."
            of="link"
          >
            {(row) => (
              <tr key={row.key}>
                <Cell>
                  <span className={styles.url} title={row.key ?? ''}>
                    {shortUrl(row.key ?? '–')}
                  </span>
                </Cell>
                <Cell>
                  <PeopleCell people={row.people.clicked} machines={row.machines.clicked} of={row.delivered} />
                </Cell>
                <Cell isNumber isExtra>
                  {count(row.machines.clicked)}{' '}
                  <span className={styles.share}>{percent(shareOf(row.machines.clicked, row.delivered))}</span>
                </Cell>
              </tr>
            )}
          </Rows>
        )}
      </Answered>
    </Section>
  );
}
