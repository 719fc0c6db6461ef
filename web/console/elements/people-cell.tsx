/** How many people, as a number, a share and a bar; the machines are the hatched part behind it. */
import { count, percent, plural, shareOf } from '../../shared/format.ts';
import styles from './people-cell.module.css';
import { ProportionBar } from './proportion-bar.tsx';

interface PeopleCellProps {
  readonly people: number | null;
  readonly machines: number | null;
  readonly of: number;
}

export const PeopleCell = ({ people, machines, of }: PeopleCellProps) => {
  if (people === null || machines === null) return <span className={styles.none}>–</span>;
  return (
    <span className={styles.cell} title={`${plural(machines, 'recipient')} touched by machines only`}>
      <span className={styles.figures}>
        <strong>{percent(shareOf(people, of))}</strong>
        <span className={styles.count}>{count(people)}</span>
      </span>
      <ProportionBar people={people} machines={machines} of={of} />
      <span className="unseen">{`, and ${plural(machines, 'recipient')} by machines only`}</span>
    </span>
  );
};
