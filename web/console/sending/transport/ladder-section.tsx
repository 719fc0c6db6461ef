/** The account's floor as a ladder: what each rung means, what it costs, and which one holds. */
import { Radio, Text } from '@mantine/core';
import type { OutboundSettings } from '../../../../src/contract/settings.ts';
import { Section } from '../../elements/section.tsx';
import { rungs } from '../elements/rungs.ts';
import styles from './ladder-section.module.css';

interface LadderSectionProps {
  readonly level: OutboundSettings['minimumTransport'];
  readonly mayChange: boolean;
  readonly onChange: (level: OutboundSettings['minimumTransport']) => void;
}

const isRung = (value: string): value is OutboundSettings['minimumTransport'] =>
  rungs.some(({ level }) => level === value);

export const LadderSection = ({ level, mayChange, onChange }: LadderSectionProps) => (
  <Section
    title="What every message needs at least"
    about="Below the rung that you choose not one byte of a message leaves: it waits, says why on its timeline, and is tried again for five days. Departments, single domains and single messages can ask for more, never for less."
  >
    <Radio.Group
      value={level}
      onChange={(value) => isRung(value) && onChange(value)}
      aria-label="What every message needs at least"
    >
      <ol className={styles.ladder}>
        {rungs.toReversed().map((rung) => (
          <li key={rung.level} className={styles.rung} data-chosen={rung.level === level || undefined}>
            <Radio
              value={rung.level}
              label={rung.name}
              disabled={!mayChange && rung.level !== level}
              classNames={{ label: styles.name ?? '' }}
              description={
                <>
                  {rung.about}{' '}
                  <Text component="span" size="xs" c="dimmed">
                    {rung.price}
                  </Text>
                </>
              }
            />
          </li>
        ))}
      </ol>
    </Radio.Group>
  </Section>
);
