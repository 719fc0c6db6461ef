/** Which kinds of verdict became which, as bars. */
import type { RejudgementBody } from '../../../../src/contract/rejudging.ts';
import { plural } from '../../../shared/format.ts';
import { classWords, isPerson, type VerdictClass } from '../words.ts';
import styles from './run-result.module.css';
import { ShareBar } from './share-bar.tsx';

const nameOf = (from: VerdictClass, to: VerdictClass) =>
  from === to ? (
    <>
      {classWords[to]} <span className={styles.quiet}>as before, by someone or something else</span>
    </>
  ) : (
    <>
      {classWords[from]} <span aria-hidden>→</span>
      <span className="unseen">becomes</span> {classWords[to]}
    </>
  );

export function ByClass({ byClass }: Pick<RejudgementBody, 'byClass'>) {
  const most = Math.max(0, ...byClass.map(({ hits }) => hits));
  return (
    <ul className={styles.bars}>
      {byClass
        .toSorted((one, other) => other.hits - one.hits)
        .map(({ from, to, hits }) => (
          <li key={`${from} ${to}`}>
            <div className={styles.barHead}>
              <span>{nameOf(from, to)}</span>
              <strong>{plural(hits, 'hit')}</strong>
            </div>
            <ShareBar part={hits} most={most} tone={isPerson(to) ? 'people' : 'machines'} />
          </li>
        ))}
    </ul>
  );
}
