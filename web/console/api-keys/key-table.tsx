/** The keys as rows: what each may do, until when and from where, when it was last used, and how to replace or revoke it. */
import { Button, Paper } from '@mantine/core';
import { listDepartments } from '../../../src/contract/people.ts';
import { dayOfMoment, moment } from '../../shared/format.ts';
import { Cell, DataTable } from '../elements/data-table.tsx';
import { pathOf } from '../people/words.ts';
import { useCall } from '../queries.ts';
import { useTimeZone } from '../use-time-zone.ts';
import styles from './api-keys-page.module.css';
import { type ApiKey, isOver, mayWords } from './key-words.ts';

const columns = [
  { label: 'Name' },
  { label: 'May do', isExtra: true },
  { label: 'Works until', isExtra: true },
  { label: 'Taken from', isExtra: true },
  { label: 'Last used', isExtra: true },
  { label: <span className="unseen">Actions</span>, isNumber: true },
];

const May = ({ permissions }: Pick<ApiKey, 'permissions'>) => (
  <span {...(permissions === null ? {} : { title: permissions.join(', ') })}>{mayWords(permissions)}</span>
);

function Until({ apiKey, timeZone }: { apiKey: ApiKey; timeZone: string }) {
  if (apiKey.expiresAt === null) return 'You revoke it';
  const when = moment(apiKey.expiresAt, timeZone);
  const isPast = isOver(apiKey, Date.now());
  return (
    <>
      {when}
      {apiKey.replacedBy !== null && <span className={styles.mark}>Replaced</span>}
      {isPast && apiKey.replacedBy === null && <span className={styles.mark}>Expired</span>}
    </>
  );
}

const From = ({ allowedNetworks }: Pick<ApiKey, 'allowedNetworks'>) =>
  allowedNetworks === null ? 'Anywhere' : <code className={styles.networks}>{allowedNetworks.join(' ')}</code>;

interface KeyTableProps {
  readonly keys: readonly ApiKey[];
  onReplace(key: ApiKey): void;
  onRevoke(key: ApiKey): void;
}

export function KeyTable({ keys, onReplace, onRevoke }: KeyTableProps) {
  const timeZone = useTimeZone();
  const departments = useCall(listDepartments, {}).data?.departments ?? [];
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
                  ends in <code>{key.hint}</code>, made {dayOfMoment(key.createdAt, timeZone)}
                </span>
                {key.departmentId !== null && <span>of {pathOf(key.departmentId, departments)}</span>}
                <span className={styles.small}>May do: {mayWords(key.permissions)}</span>
                {key.expiresAt !== null && (
                  <span className={styles.small}>
                    Works until: <Until apiKey={key} timeZone={timeZone} />
                  </span>
                )}
                {key.allowedNetworks !== null && (
                  <span className={styles.small}>
                    Taken from: <From allowedNetworks={key.allowedNetworks} />
                  </span>
                )}
                <span className={styles.small}>Last used: {lastUsed(key)}</span>
              </div>
            </Cell>
            <Cell isExtra>
              <May permissions={key.permissions} />
            </Cell>
            <Cell isExtra>
              <Until apiKey={key} timeZone={timeZone} />
            </Cell>
            <Cell isExtra>
              <From allowedNetworks={key.allowedNetworks} />
            </Cell>
            <Cell isExtra>{lastUsed(key)}</Cell>
            <Cell isNumber>
              <div className={styles.actions}>
                {key.replacedBy === null && !isOver(key, Date.now()) && (
                  <Button size="xs" variant="default" aria-label={`Replace ${key.name}`} onClick={() => onReplace(key)}>
                    Replace
                  </Button>
                )}
                <Button size="xs" variant="default" aria-label={revokeLabel(key)} onClick={() => onRevoke(key)}>
                  Revoke
                </Button>
              </div>
            </Cell>
          </tr>
        ))}
      </DataTable>
    </Paper>
  );
}

/** Two keys have one name while one replaces the other. */
const revokeLabel = ({ name, replacedBy }: ApiKey): string =>
  replacedBy === null ? `Revoke ${name}` : `Revoke the replaced ${name}`;
