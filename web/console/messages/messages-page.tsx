/** Every message of the account, newest first, a page at a time. */
import { Paper } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { listMessages } from '../../../src/contract/messages.ts';
import { call } from '../../shared/client.ts';
import { FirstMessage } from '../elements/first-message.tsx';
import { PageHead } from '../elements/page-head.tsx';
import { ShowMore } from '../elements/show-more.tsx';
import { Answered } from '../elements/states.tsx';
import { useTimeZone } from '../use-time-zone.ts';
import { MessageTable } from './message-table.tsx';
import styles from './messages-page.module.css';

const useMessages = () =>
  useInfiniteQuery({
    queryKey: [listMessages.name, 'pages'],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => call(listMessages, { query: { limit: 25, cursor: pageParam } }, signal),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });

export function MessagesPage() {
  const answer = useMessages();
  const timeZone = useTimeZone();
  return (
    <>
      <PageHead
        title="Messages"
        about="What was sent, and what became of it. Open one to see each event and its reasons."
      />
      <Answered answer={answer} label="Loading the messages" rows={10}>
        {({ pages }) => {
          const messages = pages.flatMap((page) => page.messages);
          if (messages.length === 0) return <FirstMessage />;
          return (
            <Paper className={styles.card ?? ''}>
              <MessageTable messages={messages} timeZone={timeZone} />
              <ShowMore answer={answer} label="Show older messages" />
            </Paper>
          );
        }}
      </Answered>
    </>
  );
}
