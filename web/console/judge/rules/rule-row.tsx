/** One rule: its sentence, what it is worth, where it comes from, and its switch, which asks for a dry run first. */
import { Switch } from '@mantine/core';
import { IconRobot, IconUser } from '@tabler/icons-react';
import { useId } from 'react';
import type { Rule } from './rule-words.ts';
import styles from './rules-page.module.css';

const kindWords = ({ kinds }: Rule): string => `${kinds.map((kind) => `${kind}s`).join(' and ')}`;

const Says = ({ rule }: { rule: Rule }) =>
  rule.says === 'person' ? (
    <span className={styles.person}>
      <IconUser size={14} stroke={2} aria-hidden /> Person
    </span>
  ) : (
    <span className={styles.machine}>
      <IconRobot size={14} stroke={2} aria-hidden /> Machine: {rule.strengths.join(' or ')}
    </span>
  );

export function RuleRow({ rule, onTry }: { rule: Rule; onTry: () => void }) {
  const sentenceId = useId();
  return (
    <li className={styles.rule} data-off={!rule.enabled || undefined}>
      <div className={styles.words}>
        <p className={styles.sentence} id={sentenceId}>
          {rule.text}
        </p>
        <div className={styles.facts}>
          <Says rule={rule} />
          <code>{rule.id}</code>
          <span>of {kindWords(rule)}</span>
        </div>
        <p className={styles.source}>Source: {rule.source}</p>
      </div>
      <div className={styles.switch}>
        <span aria-hidden>{rule.enabled ? 'On' : 'Off'}</span>
        <Switch size="md" checked={rule.enabled} onChange={onTry} aria-label={rule.id} aria-describedby={sentenceId} />
      </div>
    </li>
  );
}
