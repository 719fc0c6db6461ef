/** One emergency access: why, how long, and everything that was read and done under it; to take away, print and review. */
import { Button, Paper, Stack } from '@mantine/core';
import { IconDownload, IconPrinter } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link, useParams } from 'react-router';
import type { z } from 'zod';
import {
  type EmergencyEntryBody,
  endEmergencyAccess,
  exportEmergencyAccess,
  readEmergencyAccess,
} from '../../../../src/contract/emergency.ts';
import { call, fetchFile } from '../../../shared/client.ts';
import { exactMoment, plural } from '../../../shared/format.ts';
import { BackLink } from '../../elements/back-link.tsx';
import { Cell, DataTable } from '../../elements/data-table.tsx';
import { PageHead } from '../../elements/page-head.tsx';
import { Section } from '../../elements/section.tsx';
import { Answered, Failure } from '../../elements/states.tsx';
import { emergencyPath } from '../../emergency/use-emergency.ts';
import { queries, useCall } from '../../queries.ts';
import { useTimeZone } from '../../use-time-zone.ts';
import { save } from '../audit/save-file.ts';
import styles from './report-page.module.css';
import { ReviewSection } from './review-section.tsx';
import { actionWords, categoryNames, endedWords, permissionNames } from './words.ts';

type Report = z.infer<typeof readEmergencyAccess.result>;

const Fact = ({ name, children }: { name: string; children: ReactNode }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);

function Facts({ report }: { report: Report }) {
  const timeZone = useTimeZone();
  return (
    <Paper px="lg" py="md">
      <dl className={styles.facts}>
        <Fact name="Opened by">{report.userName}</Fact>
        <Fact name="Why">{categoryNames[report.category]}</Fact>
        <Fact name="In their words">{report.reason}</Fact>
        <Fact name="Opened">{exactMoment(report.openedAt, timeZone)}</Fact>
        <Fact name="Open until">{exactMoment(report.endedAt ?? report.endsAt, timeZone)}</Fact>
        <Fact name="How it ended">{endedWords(report)}</Fact>
        <Fact name="Opened to read">{report.permissions.map((one) => permissionNames[one]).join(', ')}</Fact>
      </dl>
    </Paper>
  );
}

const Messages = ({ ids }: { ids: readonly string[] }) => (
  <ul className={styles.messages}>
    {ids.map((id) => (
      <li key={id}>
        <Link to={`/messages/${id}`} className="quiet-link">
          {id}
        </Link>
      </li>
    ))}
  </ul>
);

function Entries({ entries }: { entries: readonly EmergencyEntryBody[] }) {
  const timeZone = useTimeZone();
  return (
    <Section title="What was read and done" about={`${plural(entries.length, 'entry', 'entries')} of the audit log.`}>
      {entries.length > 0 && (
        <DataTable
          caption="What was read and done"
          columns={[{ label: 'When' }, { label: 'What' }, { label: 'Messages' }]}
        >
          {entries.map(({ id, at, action, messageIds }) => (
            <tr key={id}>
              <Cell>{exactMoment(at, timeZone)}</Cell>
              <Cell>{actionWords(action)}</Cell>
              <Cell>{messageIds.length === 0 ? '–' : <Messages ids={messageIds} />}</Cell>
            </tr>
          ))}
        </DataTable>
      )}
    </Section>
  );
}

const fileName = (id: string, ending: string): string => `emergency-access-${id}.${ending}`;

function Actions({ report }: { report: Report }) {
  const { id } = report;
  const end = useMutation({
    mutationFn: () => call(endEmergencyAccess, { params: { id }, body: {} }),
    onSettled: () => queries.invalidateQueries(),
  });
  const take = useMutation({
    mutationFn: async (format: 'json' | 'csv') =>
      save(await fetchFile(exportEmergencyAccess, { params: { id }, query: { format } }), fileName(id, format)),
  });
  const failure = end.error ?? take.error;
  return (
    <>
      {report.isOpen && (
        <Button loading={end.isPending} onClick={() => end.mutate()}>
          End it now
        </Button>
      )}
      {(['csv', 'json'] as const).map((format) => (
        <Button
          key={format}
          variant="default"
          leftSection={<IconDownload size={16} aria-hidden />}
          loading={take.isPending && take.variables === format}
          onClick={() => take.mutate(format)}
        >
          {format.toUpperCase()}
        </Button>
      ))}
      <Button variant="default" leftSection={<IconPrinter size={16} aria-hidden />} onClick={() => window.print()}>
        Print
      </Button>
      {failure !== null && <Failure failure={failure} />}
    </>
  );
}

export function EmergencyReportPage() {
  const { id = '' } = useParams();
  const answer = useCall(readEmergencyAccess, { params: { id } });
  return (
    <>
      <PageHead
        title="An emergency access"
        above={<BackLink to={emergencyPath}>Emergency access</BackLink>}
        actions={answer.data !== undefined && <Actions report={answer.data} />}
      />
      <Answered answer={answer} label="Loading the emergency access">
        {(report) => (
          <Stack gap="1.25rem" maw="58rem">
            <Facts report={report} />
            <Entries entries={report.entries} />
            <ReviewSection emergency={report} />
          </Stack>
        )}
      </Answered>
    </>
  );
}
