/** What happened to one recipient's copy, in order; what a machine did at one go is told in one entry. */
import { Text } from '@mantine/core';
import {
  IconAlertCircle,
  IconBan,
  IconCheck,
  IconClick,
  IconClock,
  IconEyeOff,
  IconMailOff,
  IconMailOpened,
  IconMessageReply,
  IconRobot,
  IconSend,
  IconStack2,
  IconThumbDown,
} from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { EventBody, EventType } from '../../../src/contract/messages.ts';
import type { VerdictBody } from '../../../src/contract/verdicts.ts';
import { exactMoment, later } from '../../shared/format.ts';
import { VerdictBadge } from '../verdict/verdict-badge.tsx';
import { type Burst, burstHeadline, inBursts, sharedReasons } from './bursts.ts';
import { headlineOf } from './event-words.ts';
import { Judgement, Opinion } from './judgement.tsx';
import styles from './timeline.module.css';
import { Unfolding } from './unfolding.tsx';

const icons: Readonly<Record<EventType, typeof IconSend>> = {
  accepted: IconSend,
  deferred: IconClock,
  delivered: IconCheck,
  bounced: IconAlertCircle,
  delayed: IconClock,
  complained: IconThumbDown,
  unsubscribed: IconMailOff,
  'auto-replied': IconRobot,
  replied: IconMessageReply,
  dropped: IconBan,
  opened: IconMailOpened,
  clicked: IconClick,
};

const toneOf = ({ type, verdict }: EventBody): string => {
  if (verdict !== undefined) return (verdict.verdict === 'human' ? styles.person : styles.machine) ?? '';
  return (type === 'bounced' || type === 'dropped' || type === 'complained' ? styles.bad : styles.plain) ?? '';
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

const sinceDelivery = (deliveredAt: string, at: string): string => {
  const since = later(deliveredAt, at);
  return since === 'before' ? 'before delivery' : since;
};

interface LineProps {
  readonly Icon: typeof IconSend;
  readonly tone: string;
  readonly headline: string;
  readonly at: string;
  readonly verdict: VerdictBody | undefined;
  readonly deliveredAt: string | null;
  readonly timeZone: string;
  readonly children: ReactNode;
}

const Line = ({ Icon, tone, headline, at, verdict, deliveredAt, timeZone, children }: LineProps) => (
  <li className={styles.entry}>
    <span className={`${styles.dot} ${tone}`}>
      <Icon size={16} stroke={1.8} aria-hidden />
    </span>
    <div className={styles.content}>
      <div className={styles.head}>
        <span className={styles.headline}>{headline}</span>
        {verdict !== undefined && <VerdictBadge verdict={verdict} />}
        <time className={styles.when} dateTime={at}>
          {exactMoment(at, timeZone)}
          {verdict !== undefined && deliveredAt !== null && <span> · {sinceDelivery(deliveredAt, at)}</span>}
        </time>
      </div>
      {children}
    </div>
  </li>
);

function Entry({ event, ...where }: EntryProps) {
  const { type, honeypot, occurredAt, verdict, link, delivery } = event;
  return (
    <Line
      Icon={honeypot ? IconEyeOff : icons[type]}
      tone={toneOf(event)}
      headline={headlineOf(event)}
      at={occurredAt}
      verdict={verdict}
      {...where}
    >
      {link !== undefined && <p className={styles.url}>{link.url}</p>}
      {delivery !== undefined && <Delivery delivery={delivery} />}
      {verdict !== undefined && <Judgement event={event} verdict={verdict} />}
    </Line>
  );
}

interface BurstEntryProps extends Omit<EntryProps, 'event'> {
  readonly burst: Burst;
}

function BurstEntry({ burst, ...where }: BurstEntryProps) {
  const [first] = burst.hits;
  return (
    <Line
      Icon={IconStack2}
      tone={toneOf(first)}
      headline={burstHeadline(burst)}
      at={first.occurredAt}
      verdict={first.verdict}
      {...where}
    >
      <div className={styles.burst}>
        <Opinion verdict={first.verdict} reasons={sharedReasons(burst)} />
        <Unfolding label={`All ${burst.hits.length} requests`}>
          <ol className={`${styles.timeline} ${styles.hits}`}>
            {burst.hits.map((event) => (
              <Entry key={event.id} event={event} {...where} />
            ))}
          </ol>
        </Unfolding>
      </div>
    </Line>
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
      {inBursts(events).map((item) =>
        item.kind === 'burst' ? (
          <BurstEntry key={item.hits[0].id} burst={item} deliveredAt={deliveredAt} timeZone={timeZone} />
        ) : (
          <Entry key={item.event.id} event={item.event} deliveredAt={deliveredAt} timeZone={timeZone} />
        ),
      )}
    </ol>
  );
