/** Hits whose verdict changed or would change: what it was, what it becomes, and which reasons came or went. */
import { Link } from 'react-router';
import type { Flip } from '../../../../src/contract/rejudging.ts';
import { exactMoment } from '../../../shared/format.ts';
import { useTimeZone } from '../../use-time-zone.ts';
import { VerdictBadge } from '../../verdict/verdict-badge.tsx';
import { actorName } from '../../verdict/words.ts';
import styles from './flip-list.module.css';

type Opinion = Flip['was'];
type Reasons = Opinion['reasons'];

const without = (reasons: Reasons, others: Reasons): Reasons =>
  reasons.filter(({ rule }) => !others.some((other) => other.rule === rule));

const Reason = ({ sign, text }: { sign: 'gone' | 'new'; text: string }) => (
  <li data-sign={sign}>
    <span className="unseen">{sign === 'gone' ? 'No longer: ' : 'Now: '}</span>
    {text}
  </li>
);

const Changed = ({ was, becomes }: Pick<Flip, 'was' | 'becomes'>) => (
  <ul className={styles.reasons}>
    {was.actor !== becomes.actor && (
      <li>
        Seen as {actorName(was.actor)}, then as {actorName(becomes.actor)}
      </li>
    )}
    {without(was.reasons, becomes.reasons).map(({ rule, text }) => (
      <Reason key={`gone ${rule}`} sign="gone" text={text} />
    ))}
    {without(becomes.reasons, was.reasons).map(({ rule, text }) => (
      <Reason key={`new ${rule}`} sign="new" text={text} />
    ))}
  </ul>
);

const judged = (opinion: Opinion) => <VerdictBadge verdict={{ ...opinion, provisional: false }} />;

const OneFlip = ({ flip, timeZone }: { flip: Flip; timeZone: string }) => (
  <li>
    <Link className="quiet-link" to={`/messages/${flip.messageId}?recipient=${flip.recipientId}`}>
      {flip.kind === 'open' ? 'Open' : 'Click'}, {exactMoment(flip.occurredAt, timeZone)}
    </Link>
    <span className={styles.turn}>
      {judged(flip.was)} <span aria-hidden>→</span>
      <span className="unseen">becomes</span> {judged(flip.becomes)}
    </span>
    <Changed was={flip.was} becomes={flip.becomes} />
  </li>
);

export function FlipList({ flips, label }: { flips: readonly Flip[]; label: string }) {
  const timeZone = useTimeZone();
  return (
    <ul className={styles.flips} aria-label={label}>
      {flips.map((flip) => (
        <OneFlip key={flip.eventId} flip={flip} timeZone={timeZone} />
      ))}
    </ul>
  );
}
