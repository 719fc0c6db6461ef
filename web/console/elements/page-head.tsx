/** Title, the sentence under it and the page's actions; also sets the title of the browser tab. */
import { Group, Text, Title } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';
import styles from './page-head.module.css';

interface PageHeadProps {
  readonly title: string;
  readonly above?: ReactNode;
  readonly about?: ReactNode;
  readonly actions?: ReactNode;
}

export function PageHead({ title, above, about, actions }: PageHeadProps) {
  useEffect(() => {
    document.title = `${title} · Waxwing`;
  }, [title]);
  return (
    <div className={styles.head}>
      <div className={styles.words}>
        {above}
        <Title order={1} className={styles.title ?? ''}>
          {title}
        </Title>
        {about !== undefined && (
          <Text component="div" c="dimmed" size="sm" mt={6} maw="44rem">
            {about}
          </Text>
        )}
      </div>
      {actions !== undefined && (
        <Group gap="xs" className="no-print">
          {actions}
        </Group>
      )}
    </div>
  );
}
