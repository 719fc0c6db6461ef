/** Where a recipient's copy stands, in a word with a mark. */
import { IconAlertCircle, IconBan, IconCircleCheck, IconClock, IconSend } from '@tabler/icons-react';
import type { RecipientStatus } from '../../../src/contract/values.ts';
import styles from './status-badge.module.css';

const kinds = {
  queued: { label: 'On its way', Icon: IconSend, tone: 'calm' },
  deferred: { label: 'Being tried again', Icon: IconClock, tone: 'waiting' },
  delivered: { label: 'Delivered', Icon: IconCircleCheck, tone: 'calm' },
  bounced: { label: 'Bounced', Icon: IconAlertCircle, tone: 'bad' },
  dropped: { label: 'Not sent', Icon: IconBan, tone: 'bad' },
} as const;

export function StatusBadge({ status }: { status: RecipientStatus }) {
  const { label, Icon, tone } = kinds[status];
  return (
    <span className={`${styles.status} ${styles[tone]}`}>
      <Icon size={15} stroke={1.8} aria-hidden /> {label}
    </span>
  );
}
