/** What helps the judge beyond the single request: habits of scanners, and a link that only machines follow. */
import { Link } from 'react-router';
import { Section } from '../elements/section.tsx';
import { SwitchRow } from './setting-row.tsx';
import styles from './settings-page.module.css';
import type { PartProps } from './use-settings.ts';

const HoneypotAbout = () => (
  <>
    Puts one link into HTML mail that nobody can see, hear or reach by keyboard. Whoever follows it is certainly a
    machine, and what else it did with that copy within 15 minutes counts as a machine’s too. Good against scanners that
    follow links slowly, one at a time. Holds for messages accepted from now on.
    <span className={styles.risk}>
      <strong>The risk:</strong> a security program on a reader’s own computer may follow it as well; the reader’s
      clicks of those 15 minutes then count as that program’s. And filters may dislike hidden links: send yourself a few
      mails with and without it first.
    </span>
  </>
);

export const Judging = ({ settings, onChange }: PartProps) => (
  <Section
    title="Telling people from machines"
    about={
      <>
        Which rules judge at all is chosen under{' '}
        <Link className="quiet-link" to="/judge/rules">
          The judge
        </Link>
        .
      </>
    }
  >
    <SwitchRow
      name="Learn scanners’ habits"
      about="Learns when and from where the scanner of each recipient domain usually comes, only from verdicts that are certain, and uses it where nothing else tells a machine. While off, nothing is learned or used; what was learned stays until you delete it."
      isOn={settings.learnScannerHabits}
      onChange={(learnScannerHabits) => onChange({ learnScannerHabits })}
    />
    <SwitchRow
      name="Honeypot links"
      about={<HoneypotAbout />}
      isOn={settings.honeypotLinks}
      onChange={(honeypotLinks) => onChange({ honeypotLinks })}
    />
  </Section>
);
