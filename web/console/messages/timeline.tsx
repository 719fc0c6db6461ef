/** What happened to one recipient's copy, in order. */
import { Text } from '@mantine/core';
import {
  IconAlertCircle,
  IconBan,
  IconCheck,
  IconClick,
  IconClock,
  IconMailOpened,
  IconSend,
} from '@tabler/icons-react';
import type { EventBody, EventType } from '../../../src/contract/messages.ts';
import { exactMoment, later } from '../../shared/format.ts';
import { VerdictBadge } from '../verdict/verdict-badge.tsx';
import { headlineOf } from './event-words.ts';
import { Judgement } from './judgement.tsx';
import styles from './timeline.module.css';

const icons: Readonly<Record<EventType, typeof IconSend>> = {
  accepted: IconSend,
  deferred: IconClock,
  delivered: IconCheck,
  bounced: IconAlertCircle,
  dropped: IconBan,
  opened: IconMailOpened,
  clicked: IconClick,
};

const toneOf = ({ type, verdict }: EventBody): string => {
  if (verdict !== undefined) return (verdict.verdict === 'human' ? styles.person : styles.machine) ?? '';
  return (type === 'bounced' || type === 'dropped' ? styles.bad : styles.plain) ?? '';
};

const Delivery = ({ delivery }: { delivery: NonNullable<EventBody['delivery']> }) => (
  <div className={styles.delivery}>
    <p>{delivery.why}</p>
    {delivery.reply !== null && (
      <p>
        <span className={styles.said}>{delivery.host ?? 'The receiving server'} said:</span>{' '}
        <code>{delivery.reply}</code>
      </p>
    )}
  </div>
);

interface EntryProps {
  readonly event: EventBody;
  readonly deliveredAt: string | null;
  readonly timeZone: string;
}

function Entry({ event, deliveredAt, timeZone }: EntryProps) {
  const Icon = icons[event.type];
  const since = event.verdict !== undefined && deliveredAt !== null ? later(deliveredAt, event.occurredAt) : null;
  return (
    <li className={styles.entry}>
      <span className={`${styles.dot} ${toneOf(event)}`}>
        <Icon size={16} stroke={1.8} aria-hidden />
      </span>
      <div className={styles.content}>
        <div className={styles.head}>
          <span className={styles.headline}>{headlineOf(event)}</span>
          {event.verdict !== undefined && <VerdictBadge verdict={event.verdict} />}
          <time className={styles.when} dateTime={event.occurredAt}>
            {exactMoment(event.occurredAt, timeZone)}
            {since !== null && <span> · {since === 'before' ? 'before delivery' : since}</span>}
          </time>
        </div>
        {event.link !== undefined && <p className={styles.url}>{event.link.url}</p>}
        {event.delivery !== undefined && <Delivery delivery={event.delivery} />}
        {event.verdict !== undefined && <Judgement event={event} verdict={event.verdict} />}
      </div>
    </li>
  );
}

interface TimelineProps {
  readonly events: readonly EventBody[];
  readonly deliveredAt: string | null;
  readonly timeZone: string;
}

export const Timeline = ({ events, deliveredAt, timeZone }: TimelineProps) =>
  events.length === 0 ? (
    <Text c="dimmed" size="sm">
      Nothing has happened yet.
    </Text>
  ) : (
    <ol className={styles.timeline}>
      {events.map((event) => (
        <Entry key={event.id} event={event} deliveredAt={deliveredAt} timeZone={timeZone} />
      ))}
    </ol>
  );
