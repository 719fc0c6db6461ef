/** One recipient of a message: where the copy stands, and its timeline once it is opened. */
import { Collapse, Text, UnstyledButton } from '@mantine/core';
import { IconChevronRight, IconClick, IconMailOpened } from '@tabler/icons-react';
import { useId } from 'react';
import type { z } from 'zod';
import { listMessageEvents, type message } from '../../../src/contract/messages.ts';
import { Answered } from '../elements/states.tsx';
import { useCall } from '../queries.ts';
import { gatewayName } from './event-words.ts';
import { HowItTravelled } from './how-it-travelled.tsx';
import styles from './recipient-panel.module.css';
import { StatusBadge } from './status-badge.tsx';
import { Timeline } from './timeline.tsx';

export type Recipient = z.infer<typeof message>['recipients'][number];

const levelSentences = {
  off: 'Opens and clicks of this recipient are not followed.',
  anonymous: 'Opens and clicks of this recipient are only counted, never joined to the person.',
  identified: null,
} as const;

function Route({ recipient }: { recipient: Recipient }) {
  const gateway = recipient.gatewayMx;
  const name = gateway === null ? null : gatewayName(gateway);
  const level = levelSentences[recipient.trackingLevel];
  if (gateway === null && level === null) return null;
  return (
    <Text size="sm" c="dimmed" mb="md">
      {gateway !== null && `Mail of this domain is received by ${name === null ? gateway : `${name} (${gateway})`}. `}
      {level}
    </Text>
  );
}

function Events({ messageId, recipient, timeZone }: { messageId: string; recipient: Recipient; timeZone: string }) {
  const answer = useCall(listMessageEvents, { params: { id: messageId }, query: { recipientId: recipient.id } });
  return (
    <Answered answer={answer} label="Loading the timeline" rows={4}>
      {({ events, nextCursor }) => (
        <>
          <Timeline events={events} deliveredAt={recipient.deliveredAt} timeZone={timeZone} />
          {nextCursor !== undefined && (
            <Text size="sm" c="dimmed" mt="md">
              Only the first {events.length} events are shown here; the API gives all of them.
            </Text>
          )}
        </>
      )}
    </Answered>
  );
}

const Marks = ({ recipient }: { recipient: Recipient }) => (
  <span className={styles.marks}>
    {recipient.opened && (
      <span className={styles.mark}>
        <IconMailOpened size={15} stroke={1.8} aria-hidden /> Opened
      </span>
    )}
    {recipient.clicked && (
      <span className={styles.mark}>
        <IconClick size={15} stroke={1.8} aria-hidden /> Clicked
      </span>
    )}
    <StatusBadge status={recipient.status} />
  </span>
);

interface RecipientPanelProps {
  readonly messageId: string;
  readonly recipient: Recipient;
  readonly timeZone: string;
  readonly isOpen: boolean;
  onToggle(): void;
}

export function RecipientPanel({ messageId, recipient, timeZone, isOpen, onToggle }: RecipientPanelProps) {
  const panelId = useId();
  return (
    <li className={styles.recipient}>
      <UnstyledButton className={styles.head ?? ''} aria-expanded={isOpen} aria-controls={panelId} onClick={onToggle}>
        <IconChevronRight size={16} aria-hidden className={styles.chevron ?? ''} data-open={isOpen || undefined} />
        <span className={styles.email}>{recipient.email === '' ? 'Erased address' : recipient.email}</span>
        <Marks recipient={recipient} />
      </UnstyledButton>
      <Collapse expanded={isOpen} id={panelId}>
        <div className={styles.body}>
          <Route recipient={recipient} />
          {isOpen && <HowItTravelled messageId={messageId} recipientId={recipient.id} timeZone={timeZone} />}
          {isOpen && <Events messageId={messageId} recipient={recipient} timeZone={timeZone} />}
        </div>
      </Collapse>
    </li>
  );
}
