/** Why an open or click counts as a person's or a machine's: who it was, the reasons in words, and what asked. */
import {
  IconBrandApple,
  IconBrandGoogle,
  IconBrandWindows,
  IconMail,
  IconQuestionMark,
  IconRobot,
  IconShare,
  IconShieldCheck,
  IconWorld,
} from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import type { EventBody } from '../../../src/contract/messages.ts';
import type { VerdictBody } from '../../../src/contract/verdicts.ts';
import { rulesPath } from '../elements/judge-paths.ts';
import {
  type ActorFamily,
  actorFamily,
  provisionalSentence,
  sentenceOf,
  unknowableSentence,
} from '../verdict/words.ts';
import styles from './judgement.module.css';
import { Unfolding } from './unfolding.tsx';

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

const Fact = ({ name, children }: { name: string; children: ReactNode }) => (
  <>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </>
);

const withheld = <span className={styles.withheld}>Not kept</span>;

const tryPath = (rule: string): string => `${rulesPath}?${new URLSearchParams({ try: rule })}`;

const Rules = ({ rules }: { rules: readonly string[] }) =>
  rules.length === 0 ? (
    'None spoke'
  ) : (
    <ul className={styles.rules}>
      {rules.map((rule) => (
        <li key={rule}>
          <code>{rule}</code>{' '}
          <Link className="quiet-link" to={tryPath(rule)}>
            What if this rule were off?<span className="unseen"> ({rule})</span>
          </Link>
        </li>
      ))}
    </ul>
  );

function Source({ request }: { request: NonNullable<EventBody['request']> }) {
  if (request.ip === null && request.userAgent === null)
    return (
      <Fact name="Address and program">
        {withheld} <span className={styles.remark}>The verdict rests on what was derived from them.</span>
      </Fact>
    );
  return (
    <>
      <Fact name="Network address">{request.ip ?? withheld}</Fact>
      <Fact name="Program (user agent)">{request.userAgent ?? withheld}</Fact>
    </>
  );
}

function Evidence({ event, verdict }: { event: EventBody; verdict: VerdictBody }) {
  const { request } = event;
  return (
    <dl className={styles.facts}>
      {request !== undefined && <Source request={request} />}
      {request !== undefined && <Fact name="Request">{request.method}</Fact>}
      {request?.token === 'damaged' && <Fact name="Address asked for">Damaged: changed on the way</Fact>}
      <Fact name="Rules">
        <Rules rules={verdict.reasons.map(({ rule }) => rule)} />
      </Fact>
      <Fact name="Ruleset">{verdict.ruleset}</Fact>
    </dl>
  );
}

/** Who it was and why, without what asked. */
export function Opinion({ verdict, reasons }: { verdict: VerdictBody; reasons: VerdictBody['reasons'] }) {
  const Icon = actorIcons[actorFamily(verdict.actor)];
  return (
    <>
      <p className={styles.sentence}>
        <Icon size={16} stroke={1.7} aria-hidden /> <span>{sentenceOf(verdict)}.</span>
      </p>
      {reasons.length > 0 && (
        <ul className={styles.reasons} aria-label="Reasons">
          {reasons.map(({ rule, text }) => (
            <li key={rule}>{text}</li>
          ))}
        </ul>
      )}
      {verdict.unknowable && <p className={styles.note}>{unknowableSentence}</p>}
      {verdict.provisional && <p className={styles.note}>{provisionalSentence}</p>}
    </>
  );
}

export const Judgement = ({ event, verdict }: { event: EventBody; verdict: VerdictBody }) => (
  <div className={styles.judgement}>
    <Opinion verdict={verdict} reasons={verdict.reasons} />
    <Unfolding label="Evidence">
      <Evidence event={event} verdict={verdict} />
    </Unfolding>
  </div>
);
