/** A share of a whole as a bar: people solid, machines hatched, the rest empty. The numbers are always written beside it. */
import styles from './proportion-bar.module.css';

interface ProportionBarProps {
  readonly people: number;
  readonly machines: number;
  readonly of: number;
  readonly tall?: boolean;
}

const width = (part: number, of: number) => ({ width: `${of === 0 ? 0 : Math.min(100, (part / of) * 100)}%` });

export const ProportionBar = ({ people, machines, of, tall = false }: ProportionBarProps) => (
  <span className={tall ? `${styles.bar} ${styles.tall}` : styles.bar} aria-hidden>
    <span className={styles.people} style={width(people, of)} />
    <span className={styles.machines} style={width(machines, of)} />
  </span>
);

export const PeopleMark = () => <span className={`${styles.mark} ${styles.people}`} aria-hidden />;
export const MachinesMark = () => <span className={`${styles.mark} ${styles.machines}`} aria-hidden />;

export const Legend = ({ machines = 'Machines only', rest }: { machines?: string; rest?: string }) => (
  <span className={styles.legend}>
    <span>
      <PeopleMark /> People
    </span>
    <span>
      <MachinesMark /> {machines}
    </span>
    {rest !== undefined && (
      <span>
        <span className={`${styles.mark} ${styles.rest}`} aria-hidden /> {rest}
      </span>
    )}
  </span>
);
