/** Which rules speak now and did not before, or the other way round, each with examples that lead to their message. */
import { Collapse, UnstyledButton } from '@mantine/core';
import { IconChevronRight } from '@tabler/icons-react';
import { useId, useState } from 'react';
import { listRules, type RejudgementBody } from '../../../../src/contract/rejudging.ts';
import { count, plural } from '../../../shared/format.ts';
import { useCall } from '../../queries.ts';
import { FlipList } from './flip-list.tsx';
import styles from './run-result.module.css';
import { ShareBar } from './share-bar.tsx';

type Row = RejudgementBody['byRule'][number];

const totalOf = ({ newly, noLonger, otherwise }: Row): number => newly + noLonger + otherwise;

/** What a hit says that was judged by it, where the list of rules does not know it. */
const toldBy = ({ rule, examples }: Row): string | undefined =>
  examples.flatMap(({ was, becomes }) => [...becomes.reasons, ...was.reasons]).find((reason) => reason.rule === rule)
    ?.text;

function howWords({ newly, noLonger, otherwise }: Row): string {
  const parts = [
    newly > 0 ? `speaks newly of ${count(newly)}` : '',
    noLonger > 0 ? `no longer of ${count(noLonger)}` : '',
    otherwise > 0 ? `of ${count(otherwise)} it comes to something else` : '',
  ].filter((part) => part !== '');
  return parts.join(' · ');
}

function Rule({ row, text, most }: { row: Row; text: string; most: number }) {
  const [isOpen, setOpen] = useState(false);
  const examplesId = useId();
  return (
    <li>
      <div className={styles.barHead}>
        <span>{text}</span>
        <strong>{plural(totalOf(row), 'hit')}</strong>
      </div>
      <ShareBar part={totalOf(row)} most={most} tone="plain" />
      <div className={styles.barFoot}>
        <span>
          <code>{row.rule}</code> {howWords(row)}
        </span>
        {row.examples.length > 0 && (
          <UnstyledButton
            className={styles.toggle ?? ''}
            aria-expanded={isOpen}
            aria-controls={examplesId}
            onClick={() => setOpen(!isOpen)}
          >
            <IconChevronRight size={14} aria-hidden data-open={isOpen || undefined} />{' '}
            {plural(row.examples.length, 'example')}
            <span className="unseen">{` of ${row.rule}`}</span>
          </UnstyledButton>
        )}
      </div>
      <Collapse expanded={isOpen} id={examplesId}>
        {isOpen && <FlipList flips={row.examples} label={`Examples of ${row.rule}`} />}
      </Collapse>
    </li>
  );
}

export function ByRule({ byRule }: Pick<RejudgementBody, 'byRule'>) {
  const known = new Map(useCall(listRules, {}).data?.rules.map(({ id, text }) => [id, text]));
  const most = Math.max(0, ...byRule.map(totalOf));
  return (
    <ul className={styles.bars}>
      {byRule.map((row) => (
        <Rule key={row.rule} row={row} text={known.get(row.rule) ?? toldBy(row) ?? row.rule} most={most} />
      ))}
    </ul>
  );
}
