/** What an account sees before its first message: how to send one. */
import { Paper, Text, Title } from '@mantine/core';
import { Link } from 'react-router';
import { Seal } from '../shell/logo.tsx';
import styles from './first-message.module.css';
import { SnippetTabs } from './snippet-tabs.tsx';

export const FirstMessage = () => (
  <Paper className={styles.card ?? ''}>
    <Seal size={52} />
    <Title order={2} size="1.4rem" mt="md">
      Send your first message
    </Title>
    <Text c="dimmed" mt={6} mb="lg" maw="38rem">
      Once it is on its way, this page shows who opened and clicked it, and which of them were machines. You need an{' '}
      <Link className="quiet-link" to="/api-keys">
        API key
      </Link>
      ; put it in place of <code>YOUR_API_KEY</code>.
    </Text>
    <SnippetTabs />
  </Paper>
);
