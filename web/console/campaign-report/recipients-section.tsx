/** The messages behind the numbers of a report. */
import { Button, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { listMessages } from '../../../src/contract/messages.ts';
import { call } from '../../shared/client.ts';
import { Section } from '../elements/section.tsx';
import { Answered } from '../elements/states.tsx';
import { MessageTable } from '../messages/message-table.tsx';
import { useTimeZone } from '../use-time-zone.ts';
import type { LensQuery } from './lens.ts';

export function RecipientsSection({ campaign }: { campaign: string; lens: LensQuery }) {
  const timeZone = useTimeZone();
  const answer = useInfiniteQuery({
    queryKey: [listMessages.name, 'pages', campaign],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      call(listMessages, { query: { campaign, limit: 10, cursor: pageParam } }, signal),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });
  return (
    <Section title="Messages" about="Every number above comes from these. Open one to see each event with its reasons.">
      <Answered answer={answer} label="Loading the messages">
        {({ pages }) => {
          const messages = pages.flatMap((page) => page.messages);
          if (messages.length === 0) return <Text c="dimmed">No message of this campaign is kept any more.</Text>;
          return (
            <>
              <MessageTable messages={messages} timeZone={timeZone} />
              {answer.hasNextPage && (
                <Button
                  variant="default"
                  size="xs"
                  mt="sm"
                  className="no-print"
                  loading={answer.isFetchingNextPage}
                  onClick={() => void answer.fetchNextPage()}
                >
                  Show more
                </Button>
              )}
            </>
          );
        }}
      </Answered>
    </Section>
  );
}
