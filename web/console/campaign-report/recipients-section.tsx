/** The recipients behind the numbers of a report; each leads to everything that happened to them, with the reasons. */
import { CloseButton, NativeSelect, Pill, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { listReportRecipients, type ReportRecipient } from '../../../src/contract/reports.ts';
import { call } from '../../shared/client.ts';
import { moment } from '../../shared/format.ts';
import { Breakable } from '../elements/breakable.tsx';
import { Cell, DataTable } from '../elements/data-table.tsx';
import { MachinesMark, PeopleMark } from '../elements/proportion-bar.tsx';
import { Section } from '../elements/section.tsx';
import { ShowMore } from '../elements/show-more.tsx';
import { Answered } from '../elements/states.tsx';
import { StatusBadge } from '../messages/status-badge.tsx';
import { useTimeZone } from '../use-time-zone.ts';
import type { LensQuery } from './lens.ts';
import { everyone, isNarrowed, queryOfFilter, type RecipientFilter } from './recipient-filter.ts';
import styles from './recipients-section.module.css';

const opened = [
  { value: '', label: 'Opened or not' },
  { value: 'people', label: 'Opened by a person' },
  { value: 'machines', label: 'Opened by machines only' },
  { value: 'nobody', label: 'Not opened' },
];
const clicked = [
  { value: '', label: 'Clicked or not' },
  { value: 'people', label: 'Clicked by a person' },
  { value: 'machines', label: 'Clicked by machines only' },
  { value: 'nobody', label: 'Not clicked' },
];
const statuses = [
  { value: '', label: 'Any status' },
  { value: 'delivered', label: 'Delivered' },
  { value: 'deferred', label: 'Being tried again' },
  { value: 'bounced', label: 'Bounced' },
  { value: 'queued', label: 'On its way' },
  { value: 'dropped', label: 'Not sent' },
];

interface FilterProps {
  readonly filter: RecipientFilter;
  onFilter(filter: RecipientFilter): void;
}

function Filters({ filter, onFilter }: FilterProps) {
  const choose = (name: keyof RecipientFilter) => (event: { currentTarget: { value: string } }) =>
    onFilter({ ...filter, [name]: event.currentTarget.value });
  return (
    <>
      <NativeSelect size="xs" aria-label="Opened" data={opened} value={filter.openedBy} onChange={choose('openedBy')} />
      <NativeSelect
        size="xs"
        aria-label="Clicked"
        data={clicked}
        value={filter.clickedBy}
        onChange={choose('clickedBy')}
      />
      <NativeSelect size="xs" aria-label="Status" data={statuses} value={filter.status} onChange={choose('status')} />
      {filter.recipientDomain !== '' && (
        <Pill
          size="md"
          withRemoveButton
          onRemove={() => onFilter({ ...filter, recipientDomain: '' })}
          removeButtonProps={{ 'aria-label': 'All domains', tabIndex: 0, 'aria-hidden': false }}
        >
          {filter.recipientDomain}
        </Pill>
      )}
      {isNarrowed(filter) && (
        <CloseButton size="sm" aria-label="Show everyone" title="Show everyone" onClick={() => onFilter(everyone)} />
      )}
    </>
  );
}

const Touch = ({ by }: { by: ReportRecipient['openedBy'] }) =>
  by === null ? (
    <span className={styles.nobody}>No</span>
  ) : (
    <span className={styles.touch}>
      {by === 'people' ? <PeopleMark /> : <MachinesMark />} {by === 'people' ? 'Person' : 'Machine only'}
    </span>
  );

const columns = [
  { label: 'Recipient' },
  { label: 'Opened' },
  { label: 'Clicked' },
  { label: 'Status', isExtra: true },
  { label: 'Sent', isExtra: true },
];

const Row = ({ recipient, timeZone }: { recipient: ReportRecipient; timeZone: string }) => (
  <tr>
    <Cell>
      <Link className={`quiet-link ${styles.email}`} to={`/messages/${recipient.messageId}?recipient=${recipient.id}`}>
        <Breakable>{recipient.email}</Breakable>
      </Link>
    </Cell>
    <Cell>
      <Touch by={recipient.openedBy} />
    </Cell>
    <Cell>
      <Touch by={recipient.clickedBy} />
    </Cell>
    <Cell isExtra>
      <StatusBadge status={recipient.status} />
    </Cell>
    <Cell isExtra>
      <span className={styles.moment}>{moment(recipient.acceptedAt, timeZone)}</span>
    </Cell>
  </tr>
);

interface RecipientsSectionProps extends FilterProps {
  readonly campaign: string;
  readonly view: LensQuery['view'];
}

const useRecipients = ({ campaign, view, filter }: RecipientsSectionProps) => {
  const query = { campaign, view, ...queryOfFilter(filter), limit: 10 };
  return useInfiniteQuery({
    queryKey: [listReportRecipients.name, 'pages', query],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => call(listReportRecipients, { query: { ...query, cursor: pageParam } }, signal),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    placeholderData: (before) => before,
  });
};

export function RecipientsSection(props: RecipientsSectionProps) {
  const timeZone = useTimeZone();
  const answer = useRecipients(props);
  return (
    <Section
      title="Recipients"
      about="Every number above comes from these. Open one to see each event with its reasons."
      aside={<Filters filter={props.filter} onFilter={props.onFilter} />}
    >
      <Answered answer={answer} label="Loading the recipients">
        {({ pages }) => {
          const recipients = pages.flatMap((page) => page.recipients);
          if (recipients.length === 0)
            return (
              <Text c="dimmed" size="sm" role="status">
                Nobody fits this choice.
              </Text>
            );
          return (
            <>
              <DataTable caption="Recipients, newest first" columns={columns}>
                {recipients.map((recipient) => (
                  <Row key={recipient.id} recipient={recipient} timeZone={timeZone} />
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
