/** The recipients of one domain behind a number, each leading to its message and events. */
import { Button, NativeSelect, Text } from '@mantine/core';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import { listReportRecipients } from '../../../../src/contract/reports.ts';
import type { RecipientStatus } from '../../../../src/contract/values.ts';
import { call } from '../../../shared/client.ts';
import { moment } from '../../../shared/format.ts';
import { Breakable } from '../../elements/breakable.tsx';
import { Cell, DataTable } from '../../elements/data-table.tsx';
import { Section } from '../../elements/section.tsx';
import { ShowMore } from '../../elements/show-more.tsx';
import { Answered } from '../../elements/states.tsx';
import { StatusBadge } from '../../messages/status-badge.tsx';
import { useTimeZone } from '../../use-time-zone.ts';

interface DomainSectionProps {
  readonly domain: string;
  readonly since: { readonly since?: string };
  readonly onClose: () => void;
}

const statuses = [
  { value: '', label: 'Whatever became of it' },
  { value: 'bounced', label: 'Bounced' },
  { value: 'deferred', label: 'To be tried again' },
  { value: 'delivered', label: 'Delivered' },
  { value: 'dropped', label: 'Not sent' },
  { value: 'queued', label: 'On its way' },
];

export function DomainSection({ domain, since, onClose }: DomainSectionProps) {
  const timeZone = useTimeZone();
  const [status, setStatus] = useState<RecipientStatus | ''>('');
  const asked = { ...since, recipientDomain: domain, limit: 25, ...(status === '' ? {} : { status }) };
  const answer = useInfiniteQuery({
    queryKey: [listReportRecipients.name, asked],
    queryFn: ({ pageParam, signal }) =>
      call(listReportRecipients, { query: { ...asked, ...(pageParam === null ? {} : { cursor: pageParam }) } }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: keepPreviousData,
  });
  return (
    <Section
      title={`Recipients at ${domain}`}
      about="Newest first. Open one to see each attempt and what the server said."
      aside={
        <>
          <NativeSelect
            aria-label="Only one status"
            value={status}
            onChange={(event) => setStatus(event.currentTarget.value as RecipientStatus | '')}
            data={statuses}
          />
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
        </>
      }
    >
      <Answered answer={answer} label="Loading the recipients">
        {({ pages }) => {
          const recipients = pages.flatMap((page) => page.recipients);
          if (recipients.length === 0)
            return (
              <Text size="sm" c="dimmed">
                Nobody like that.
              </Text>
            );
          return (
            <>
              <DataTable
                caption={`Recipients at ${domain}`}
                columns={[
                  { label: 'Recipient' },
                  { label: 'Status' },
                  { label: 'Campaign', isExtra: true },
                  { label: 'Accepted', isExtra: true },
                ]}
              >
                {recipients.map((one) => (
                  <tr key={one.id}>
                    <Cell>
                      <Link
                        className="quiet-link"
                        style={{ overflowWrap: 'anywhere' }}
                        to={`/messages/${one.messageId}?recipient=${one.id}`}
                      >
                        <Breakable>{one.email === '' ? 'Erased address' : one.email}</Breakable>
                      </Link>
                    </Cell>
                    <Cell>
                      <StatusBadge status={one.status} />
                    </Cell>
                    <Cell isExtra>{one.campaign ?? '–'}</Cell>
                    <Cell isExtra>{moment(one.acceptedAt, timeZone)}</Cell>
                  </tr>
                ))}
              </DataTable>
              <ShowMore answer={answer} />
            </>
          );
        }}
      </Answered>
    </Section>
  );
}
