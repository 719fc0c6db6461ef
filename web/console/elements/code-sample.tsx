/** A command or a secret to copy, word for word. It wraps instead of scrolling, so that nothing of it is out of reach. */
import { ActionIcon, CopyButton, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import styles from './code-sample.module.css';

export const CodeSample = ({ code, label }: { code: string; label: string }) => (
  <div className={styles.sample}>
    <pre className={styles.code}>
      <code>{code}</code>
    </pre>
    <CopyButton value={code} timeout={2000}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? 'Copied' : 'Copy'}>
          <ActionIcon
            variant="subtle"
            color="gray"
            className={styles.copy ?? ''}
            aria-label={copied ? `${label}: copied` : `Copy: ${label}`}
            onClick={copy}
          >
            {copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  </div>
);
