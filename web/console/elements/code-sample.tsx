/** A command or a secret to copy, word for word. */
import { ActionIcon, CopyButton, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import styles from './code-sample.module.css';

export const CodeSample = ({ code, label }: { code: string; label: string }) => (
  <div className={styles.sample}>
    {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling box must be reachable by keyboard (WCAG 2.1.1) */}
    <pre className={styles.code} tabIndex={0} role="group" aria-label={label}>
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
