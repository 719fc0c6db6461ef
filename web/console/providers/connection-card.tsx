/** One connection: whose it is, how it is doing in words, its address, and what can be done with it. */
import { Button } from '@mantine/core';
import { IconAlertCircle, IconCircleCheck, IconClock, IconHourglass } from '@tabler/icons-react';
import type { ProviderConnection } from '../../../src/contract/providers.ts';
import { moment } from '../../shared/format.ts';
import { CodeSample } from '../elements/code-sample.tsx';
import { Section } from '../elements/section.tsx';
import { useTimeZone } from '../use-time-zone.ts';
import styles from './connection-card.module.css';
import { countWords, type Health, healthOf, healthWords, lastEventWords } from './health.ts';
import { proofWords, providers } from './provider-words.ts';

const icons: Readonly<Record<Health, typeof IconClock>> = {
  waiting: IconHourglass,
  well: IconCircleCheck,
  quiet: IconClock,
  refusing: IconAlertCircle,
};

function HealthOf({ connection }: { connection: ProviderConnection }) {
  const timeZone = useTimeZone();
  const health = healthOf(connection, Date.now());
  const Icon = icons[health];
  const { lastRefusal } = connection;
  return (
    <div className={styles.health}>
      <p className={styles.state} data-health={health}>
        <Icon size={16} stroke={1.8} aria-hidden /> {healthWords[health]}
      </p>
      <p>
        {lastEventWords(connection.lastEventAt, timeZone)} {countWords(connection)}
      </p>
      {lastRefusal !== null && (
        <p className={health === 'refusing' ? styles.refusal : styles.past}>
          <span>Last refusal, {moment(lastRefusal.at, timeZone)}:</span> {lastRefusal.reason}
        </p>
      )}
    </div>
  );
}

interface ConnectionCardProps {
  readonly connection: ProviderConnection;
  onKey(): void;
  onDelete(): void;
}

export function ConnectionCard({ connection, onKey, onDelete }: ConnectionCardProps) {
  const { name, provider, checks, url } = connection;
  const { name: providerName, key } = providers[provider];
  const keyWords = checks === 'signature' ? 'Change the key' : 'Set the key';
  return (
    <Section
      title={name}
      about={`${providerName} · ${proofWords[checks]}`}
      aside={
        <>
          {key !== null && (
            <Button size="xs" variant="default" aria-label={`${keyWords} of ${name}`} onClick={onKey}>
              {keyWords}
            </Button>
          )}
          <Button size="xs" variant="default" aria-label={`Delete ${name}`} onClick={onDelete}>
            Delete
          </Button>
        </>
      }
    >
      <HealthOf connection={connection} />
      <div className={styles.address}>
        <div className={styles.label}>Webhook address</div>
        <CodeSample label={`Webhook address of ${name}`} code={url} />
      </div>
    </Section>
  );
}
