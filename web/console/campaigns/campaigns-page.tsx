/** Every campaign with what people, not machines, did with it. */
import { Button, Group, TextInput } from '@mantine/core';
import { IconDownload, IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import { type EngagementReport, type EngagementRow, readEngagement } from '../../../src/contract/reports.ts';
import { addressOf } from '../../shared/client.ts';
import { plural } from '../../shared/format.ts';
import { FirstMessage } from '../elements/first-message.tsx';
import { PageHead } from '../elements/page-head.tsx';
import { Legend } from '../elements/proportion-bar.tsx';
import { Answered, Empty } from '../elements/states.tsx';
import { useCall } from '../queries.ts';
import { CampaignTable } from './campaign-table.tsx';
import styles from './campaigns-page.module.css';

const nameOf = (row: EngagementRow): string => row.key ?? 'no campaign';

/** The newest first; mail without a campaign is kept for the end. */
function inOrder(rows: readonly EngagementRow[], search: string): EngagementRow[] {
  const wanted = search.trim().toLowerCase();
  return rows
    .filter((row) => nameOf(row).toLowerCase().includes(wanted))
    .toSorted(
      (one, other) =>
        Number(one.key === null) - Number(other.key === null) ||
        (other.lastAcceptedDay ?? '').localeCompare(one.lastAcceptedDay ?? '') ||
        nameOf(one).localeCompare(nameOf(other)),
    );
}

function Campaigns({ report }: { report: EngagementReport }) {
  const [search, setSearch] = useState('');
  if (report.rows.length === 0) return <FirstMessage />;
  const rows = inOrder(report.rows, search);
  return (
    <>
      <Group justify="space-between" mb="md" gap="md">
        <TextInput
          className={styles.search ?? ''}
          leftSection={<IconSearch size={16} aria-hidden />}
          placeholder="Find a campaign"
          aria-label="Find a campaign"
          type="search"
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
        <Legend rest="Neither" />
      </Group>
      <p className="unseen" role="status">
        {search === '' ? '' : `${plural(rows.length, 'campaign')} found`}
      </p>
      {rows.length === 0 ? (
        <Empty title="No campaign of that name">Try fewer letters.</Empty>
      ) : (
        <CampaignTable rows={rows} />
      )}
    </>
  );
}

export function CampaignsPage() {
  const report = useCall(readEngagement, { query: { groupBy: 'campaign' } });
  const hasRows = (report.data?.rows.length ?? 0) > 0;
  const csv = addressOf(readEngagement, { query: { groupBy: 'campaign', format: 'csv' } });
  return (
    <>
      <PageHead
        title="Campaigns"
        about="Who really opened and clicked. Machines stay visible, but they are never mistaken for people."
        actions={
          hasRows && (
            <Button
              component="a"
              href={csv}
              download
              variant="default"
              leftSection={<IconDownload size={16} aria-hidden />}
            >
              CSV
            </Button>
          )
        }
      />
      <Answered answer={report} label="Loading the campaigns" rows={8}>
        {(data) => <Campaigns report={data} />}
      </Answered>
    </>
  );
}
