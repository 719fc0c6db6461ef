/** One block of a page: heading, what it says in a sentence, and what belongs to it. */
import { Paper, Text, Title } from '@mantine/core';
import { type ReactNode, useId } from 'react';
import styles from './section.module.css';

interface SectionProps {
  readonly title: string;
  readonly about?: ReactNode;
  readonly aside?: ReactNode;
  readonly children?: ReactNode;
}

export function Section({ title, about, aside, children }: SectionProps) {
  const headingId = useId();
  return (
    <Paper component="section" className={styles.section ?? ''} aria-labelledby={headingId}>
      <div className={styles.head}>
        <div>
          <Title order={2} id={headingId}>
            {title}
          </Title>
          {about !== undefined && (
            <Text component="div" size="sm" c="dimmed" mt={2} maw="46rem">
              {about}
            </Text>
          )}
        </div>
        {aside !== undefined && <div className={`${styles.aside} no-print`}>{aside}</div>}
      </div>
      {children}
    </Paper>
  );
}
