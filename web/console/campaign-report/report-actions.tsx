/** Taking a report away: as CSV for a spreadsheet, or printed. */
import { Button, Menu } from '@mantine/core';
import { IconChevronDown, IconDownload, IconPrinter } from '@tabler/icons-react';
import { type EngagementQuery, readEngagement } from '../../../src/contract/reports.ts';
import { addressOf } from '../../shared/client.ts';
import type { LensQuery } from './lens.ts';

const tables = [
  { groupBy: 'campaign', label: 'Summary' },
  { groupBy: 'day', label: 'By day sent' },
  { groupBy: 'recipientDomain', label: 'By recipient domain' },
  { groupBy: 'link', label: 'By link' },
  { groupBy: 'sender', label: 'By sender' },
  { groupBy: 'department', label: 'By department' },
] as const satisfies readonly { groupBy: EngagementQuery['groupBy']; label: string }[];

export const ReportActions = ({ campaign, lens }: { campaign: string; lens: LensQuery }) => (
  <>
    <Menu position="bottom-end" withinPortal={false}>
      <Menu.Target>
        <Button
          variant="default"
          leftSection={<IconDownload size={16} aria-hidden />}
          rightSection={<IconChevronDown size={14} aria-hidden />}
        >
          CSV
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {tables.map(({ groupBy, label }) => (
          <Menu.Item
            key={groupBy}
            component="a"
            download
            href={addressOf(readEngagement, { query: { ...lens, campaign, groupBy, format: 'csv' } })}
          >
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
    <Button variant="default" leftSection={<IconPrinter size={16} aria-hidden />} onClick={() => window.print()}>
      Print
    </Button>
  </>
);
