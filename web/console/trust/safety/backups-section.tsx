/** The backups that there are, when the last was made, and who makes the next. */
import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconDatabaseExport } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import type { z } from 'zod';
import { askForBackup, readBackups } from '../../../../src/contract/upkeep.ts';
import { call } from '../../../shared/client.ts';
import { count, moment } from '../../../shared/format.ts';
import { Cell, DataTable } from '../../elements/data-table.tsx';
import { Section } from '../../elements/section.tsx';
import { Answered, Failure } from '../../elements/states.tsx';
import { queries, queryOf } from '../../queries.ts';
import { useTimeZone } from '../../use-time-zone.ts';
import { BackupPlan } from './backup-plan.tsx';
import styles from './safety.module.css';

type Told = z.output<typeof readBackups.result>;
type Request = NonNullable<Told['request']>;

const dayMs = 86_400_000;
const lookEveryMs = 1_500;
const isWaiting = (request: Request | null | undefined): boolean => request != null && request.endedAt === null;

const columns = [
  { label: 'Made' },
  { label: 'Kind' },
  { label: 'Read again', isExtra: true },
  { label: 'Its keys end', isExtra: true },
  { label: 'Size', isNumber: true },
];

const size = (bytes: number): string =>
  bytes < 1_048_576 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / 1_048_576).toFixed(1)} MiB`;

function BackupTable({ backups }: Pick<Told, 'backups'>) {
  const timeZone = useTimeZone();
  return (
    <DataTable caption="Backups" columns={columns}>
      {backups.map((one) => (
        <tr key={one.id}>
          <Cell>
            <div className={styles.words}>
              {moment(one.madeAt, timeZone)}
              {one.fault !== null && <span className={styles.remedy}>{one.fault}</span>}
            </div>
          </Cell>
          <Cell>
            <div className={styles.words}>
              {one.kind === 'full' ? 'Full' : 'Increment'}
              <span>{count(one.rows)} rows</span>
            </div>
          </Cell>
          <Cell isExtra>{checkWords(one, timeZone)}</Cell>
          <Cell isExtra>{moment(one.keyCopiesUntil, timeZone)}</Cell>
          <Cell isNumber>{size(one.sizeBytes)}</Cell>
        </tr>
      ))}
    </DataTable>
  );
}

function checkWords({ checkedAt, fault }: Told['backups'][number], timeZone: string): string {
  if (checkedAt === null) return 'Not yet';
  return fault === null ? `Sound, ${moment(checkedAt, timeZone)}` : `Not sound, ${moment(checkedAt, timeZone)}`;
}

const requestNames: Readonly<Record<Request['what'], string>> = {
  backup: 'A backup',
  full_backup: 'A full backup',
  check: 'A check of the newest backup',
};

const requestWords = ({ what, startedAt, endedAt, fault }: Request): string => {
  if (endedAt === null) return `${requestNames[what]} ${startedAt === null ? 'waits for its turn' : 'is under way'}…`;
  return fault === null ? `${requestNames[what]} has ended well.` : `${requestNames[what]} failed: ${fault}`;
};

/** Undefined: nothing to worry about. */
function worryOf({ lastMadeAt }: Told): string | undefined {
  if (lastMadeAt === null) return 'There is no backup yet. If the disk breaks, everything is lost.';
  const days = (Date.now() - Date.parse(lastMadeAt)) / dayMs;
  if (days > 7)
    return 'The last backup is older than a week: the copies of its keys are over, and no message could be read from it.';
  return days > 2 ? 'The last backup is older than two days. Let one be made every day.' : undefined;
}

const Worry = ({ told }: { told: Told }) => {
  const worry = worryOf(told);
  return worry === undefined ? null : (
    <Alert variant="default" icon={<IconAlertTriangle aria-hidden />} title={worry} />
  );
};

function Wishes({ isBusy }: { isBusy: boolean }) {
  const wish = useMutation({
    mutationFn: (what: Request['what']) => call(askForBackup, { body: { what } }),
    onSettled: () => queries.invalidateQueries({ queryKey: [readBackups.name] }),
  });
  return (
    <Stack gap="sm">
      <Group gap="sm">
        <Button
          leftSection={<IconDatabaseExport size={16} aria-hidden />}
          disabled={isBusy}
          loading={wish.isPending}
          onClick={() => wish.mutate('backup')}
        >
          Back up now
        </Button>
        <Button variant="default" disabled={isBusy || wish.isPending} onClick={() => wish.mutate('full_backup')}>
          Make a full one
        </Button>
        <Button variant="default" disabled={isBusy || wish.isPending} onClick={() => wish.mutate('check')}>
          Check the newest
        </Button>
      </Group>
      {wish.error !== null && <Failure failure={wish.error} />}
    </Stack>
  );
}

const NoFolder = () => (
  <Text size="sm">
    No running process has a folder for backups, so none can be made from here. On the server, set{' '}
    <code>WAXWING_BACKUP_DIR</code> and start it again, or run <code>waxwing backup FOLDER</code> every day.
  </Text>
);

function Operator({ told }: { told: Told }) {
  const timeZone = useTimeZone();
  return (
    <Stack>
      <Worry told={told} />
      {told.lastMadeAt !== null && <Text>The last one was made {moment(told.lastMadeAt, timeZone)}.</Text>}
      {told.canMake ? <Wishes isBusy={isWaiting(told.request)} /> : <NoFolder />}
      <Text size="sm" role="status">
        {told.request !== null && requestWords(told.request)}
      </Text>
      {told.canMake && <BackupPlan key={JSON.stringify(told.plan)} plan={told.plan} />}
      {told.backups.length > 0 && <BackupTable backups={told.backups} />}
      <Text size="sm" c="dimmed">
        An increment holds only what is new and needs the full one before it. Copies of keys end after seven days, so
        that what is erased stays erased; until then a backup opens by itself, later only with the keys of a newer one.
        Practise restoring now and then.
      </Text>
    </Stack>
  );
}

const Others = ({ told }: { told: Told }) => {
  const timeZone = useTimeZone();
  return (
    <Text>
      {told.lastMadeAt === null
        ? 'No backup was made yet. '
        : `The last one of the whole installation was made ${moment(told.lastMadeAt, timeZone)}. `}
      Backups hold the data of every account; they are cared for by the account that runs this installation.
    </Text>
  );
};

export function Backups() {
  const answer = useQuery({
    ...queryOf(readBackups, {}),
    refetchInterval: ({ state }) => (isWaiting(state.data?.request) ? lookEveryMs : false),
  });
  return (
    <Section
      title="Backups"
      about="Sealed copies of everything but the key file, made beside the running server. Without the key file nobody can read them, you neither."
    >
      <Answered answer={answer} label="Loading the backups" rows={3}>
        {(told) => (told.isOperator ? <Operator told={told} /> : <Others told={told} />)}
      </Answered>
    </Section>
  );
}
