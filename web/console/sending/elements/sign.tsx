/** A state in words behind a mark whose colour and shape say the same. */
import type { ReactNode } from 'react';
import styles from './sign.module.css';

interface SignProps {
  readonly tone: 'good' | 'slow' | 'bad' | 'none';
  readonly children: ReactNode;
}

export const Sign = ({ tone, children }: SignProps) => (
  <span className={styles.sign} data-tone={tone}>
    {children}
  </span>
);
