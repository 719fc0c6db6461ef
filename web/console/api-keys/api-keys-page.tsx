/** The keys with which programs send and read: listed, made and revoked. */
import { Button, Paper } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { listApiKeys } from '../../../src/contract/access.ts';
import { dayOfMoment, moment } from '../../shared/format.ts';
import { Cell, DataTable } from '../elements/data-table.tsx';
import { PageHead } from '../elements/page-head.tsx';
import { Answered, Empty } from '../elements/states.tsx';
import { useCall } from '../queries.ts';
import { useTimeZone } from '../use-time-zone.ts';
import styles from './api-keys-page.module.css';
import { CreateKey } from './create-key.tsx';
import { type ApiKey, RevokeKey } from './revoke-key.tsx';

const columns = [
  { label: 'Name' },
  { label: 'Made', isExtra: true },
  { label: 'Last used', isExtra: true },
  { label: <span className="unseen">Actions</span>, isNumber: true },
];

interface KeyTableProps {
  readonly keys: readonly ApiKey[];
  onRevoke(key: ApiKey): void;
}

function KeyTable({ keys, onRevoke }: KeyTableProps) {
  const timeZone = useTimeZone();
  const lastUsed = (key: ApiKey) => (key.lastUsedAt === null ? 'Never' : moment(key.lastUsedAt, timeZone));
  return (
    <Paper className={styles.card ?? ''}>
      <DataTable caption="API keys" columns={columns}>
        {keys.map((key) => (
          <tr key={key.id}>
            <Cell>
              <div className={styles.name}>
                <strong>{key.name}</strong>
                <span>
                  ends in <code>{key.hint}</code>
                </span>
                <span className={styles.used}>Last used: {lastUsed(key)}</span>
              </div>
            </Cell>
            <Cell isExtra>{dayOfMoment(key.createdAt, timeZone)}</Cell>
            <Cell isExtra>{lastUsed(key)}</Cell>
            <Cell isNumber>
              <Button size="xs" variant="default" aria-label={`Revoke ${key.name}`} onClick={() => onRevoke(key)}>
                Revoke
              </Button>
            </Cell>
          </tr>
        ))}
      </DataTable>
    </Paper>
  );
}

export function ApiKeysPage() {
  const answer = useCall(listApiKeys, {});
  const [isCreating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  return (
    <>
      <PageHead
        title="API keys"
        about="Programs send and read with a key of their own, over HTTP or as the SMTP password. Only a fingerprint of each is stored."
        actions={
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)}>
            New key
          </Button>
        }
      />
      <Answered answer={answer} label="Loading the API keys">
        {({ apiKeys }) =>
          apiKeys.length === 0 ? (
            <Empty title="No API key yet">Make one to send your first message.</Empty>
          ) : (
            <KeyTable keys={apiKeys} onRevoke={setRevoking} />
          )
        }
      </Answered>
      <CreateKey isOpen={isCreating} onClose={() => setCreating(false)} />
      <RevokeKey apiKey={revoking} onClose={() => setRevoking(null)} />
    </>
  );
}
