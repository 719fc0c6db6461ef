/** Messages as rows, newest first; each subject opens the message. */
import { Link } from 'react-router';
import type { z } from 'zod';
import type { messageSummary } from '../../../src/contract/messages.ts';
import { count, moment } from '../../shared/format.ts';
import { Cell, DataTable } from '../elements/data-table.tsx';
import styles from './message-table.module.css';

type MessageSummary = z.infer<typeof messageSummary>;

const columns = [
  { label: 'Message' },
  { label: 'Sent', isExtra: true },
  { label: 'Recipients', isNumber: true, isExtra: true },
  { label: 'Delivered', isNumber: true, isExtra: true },
  { label: 'Opened', isNumber: true },
  { label: 'Clicked', isNumber: true },
];

const Row = ({ message, timeZone }: { message: MessageSummary; timeZone: string }) => (
  <tr>
    <Cell>
      <div className={styles.name}>
        <Link className="quiet-link" to={`/messages/${message.id}`}>
          {message.erased ? 'Erased message' : message.subject || 'No subject'}
        </Link>
        <span>
          {message.campaign ?? 'No campaign'}
          <span className={styles.moment}> · {moment(message.acceptedAt, timeZone)}</span>
        </span>
      </div>
    </Cell>
    <Cell isExtra>
      <span className={styles.sent}>{moment(message.acceptedAt, timeZone)}</span>
    </Cell>
    <Cell isNumber isExtra>
      {count(message.recipients)}
    </Cell>
    <Cell isNumber isExtra>
      {count(message.delivered)}
    </Cell>
    <Cell isNumber>{count(message.opened)}</Cell>
    <Cell isNumber>{count(message.clicked)}</Cell>
  </tr>
);

export const MessageTable = ({ messages, timeZone }: { messages: readonly MessageSummary[]; timeZone: string }) => (
  <DataTable caption="Messages, newest first" columns={columns}>
    {messages.map((message) => (
      <Row key={message.id} message={message} timeZone={timeZone} />
    ))}
  </DataTable>
);
