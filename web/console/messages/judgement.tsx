/** Why an open or click counts as a person's or a machine's: who it was, the reasons in words, and what asked. */
import { Collapse, UnstyledButton } from '@mantine/core';
import {
  IconBrandApple,
  IconBrandGoogle,
  IconBrandWindows,
  IconChevronRight,
  IconMail,
  IconQuestionMark,
  IconRobot,
  IconShare,
  IconShieldCheck,
  IconWorld,
} from '@tabler/icons-react';
import { useId, useState } from 'react';
import type { EventBody } from '../../../src/contract/messages.ts';
import type { VerdictBody } from '../../../src/contract/verdicts.ts';
import {
  type ActorFamily,
  actorFamily,
  provisionalSentence,
  sentenceOf,
  unknowableSentence,
} from '../verdict/words.ts';
import styles from './judgement.module.css';

const actorIcons: Readonly<Record<ActorFamily, typeof IconMail>> = {
  apple: IconBrandApple,
  google: IconBrandGoogle,
  microsoft: IconBrandWindows,
  shield: IconShieldCheck,
  mail: IconMail,
  browser: IconWorld,
  robot: IconRobot,
  share: IconShare,
  unknown: IconQuestionMark,
};

const Fact = ({ name, value }: { name: string; value: string }) => (
  <>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </>
);

const withheld = 'Not kept';

function Evidence({ event, verdict }: { event: EventBody; verdict: VerdictBody }) {
  const { request } = event;
  return (
    <dl className={styles.facts}>
      <Fact name="Network address" value={request?.ip ?? withheld} />
      <Fact name="Program (user agent)" value={request?.userAgent ?? withheld} />
      {request !== undefined && <Fact name="Request" value={request.method} />}
      {event.honeypot === true && <Fact name="Link" value="One that no person can see or reach" />}
      {request?.token === 'damaged' && <Fact name="Address asked for" value="Damaged: changed on the way" />}
      <Fact name="Rules" value={verdict.reasons.map(({ rule }) => rule).join(', ') || 'None spoke'} />
      <Fact name="Ruleset" value={verdict.ruleset} />
    </dl>
  );
}

export function Judgement({ event, verdict }: { event: EventBody; verdict: VerdictBody }) {
  const [isOpen, setOpen] = useState(false);
  const detailsId = useId();
  const Icon = actorIcons[actorFamily(verdict.actor)];
  return (
    <div className={styles.judgement}>
      <p className={styles.sentence}>
        <Icon size={16} stroke={1.7} aria-hidden /> <span>{sentenceOf(verdict)}.</span>
      </p>
      {verdict.reasons.length > 0 && (
        <ul className={styles.reasons} aria-label="Reasons">
          {verdict.reasons.map(({ rule, text }) => (
            <li key={rule}>{text}</li>
          ))}
        </ul>
      )}
      {verdict.unknowable && <p className={styles.note}>{unknowableSentence}</p>}
      {verdict.provisional && <p className={styles.note}>{provisionalSentence}</p>}
      <UnstyledButton
        className={styles.toggle ?? ''}
        aria-expanded={isOpen}
        aria-controls={detailsId}
        onClick={() => setOpen(!isOpen)}
      >
        <IconChevronRight size={14} aria-hidden data-open={isOpen || undefined} /> Evidence
      </UnstyledButton>
      <Collapse expanded={isOpen} id={detailsId}>
        <Evidence event={event} verdict={verdict} />
      </Collapse>
    </div>
  );
}
