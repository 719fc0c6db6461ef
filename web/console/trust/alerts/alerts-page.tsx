/** What somebody should look at, who did, and from which address people are mailed of it. */
import { Button, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Link } from 'react-router';
import { acknowledgeAlert } from '../../../../src/contract/alerts.ts';
import { listAlerts, listUsers } from '../../../../src/contract/people.ts';
import { call } from '../../../shared/client.ts';
import { moment } from '../../../shared/format.ts';
import { Cell, DataTable } from '../../elements/data-table.tsx';
import { PageHead } from '../../elements/page-head.tsx';
import { Section } from '../../elements/section.tsx';
import { Answered, Failure } from '../../elements/states.tsx';
import { emergencyPath } from '../../emergency/use-emergency.ts';
import { type Alert, alertWords } from '../../people/words.ts';
import { queries, useCall } from '../../queries.ts';
import { useTimeZone } from '../../use-time-zone.ts';
import { MailSection } from './mail-section.tsx';

type NameOf = (userId: string | null) => string;

const columns = [
  { label: 'When' },
  { label: 'What' },
  { label: 'Of whom', isExtra: true },
  { label: 'Seen', isNumber: true },
];

const What = ({ alert }: { alert: Alert }) =>
  alert.emergencyId === null ? (
    alertWords(alert)
  ) : (
    <Link to={`${emergencyPath}/${alert.emergencyId}`} className="quiet-link">
      {alertWords(alert)}
    </Link>
  );

function AlertRow({ alert, nameOf }: { alert: Alert; nameOf: NameOf }) {
  const timeZone = useTimeZone();
  const acknowledge = useMutation({
    mutationFn: () => call(acknowledgeAlert, { params: { id: alert.id }, body: {} }),
    onSuccess: () => queries.invalidateQueries({ queryKey: [listAlerts.name] }),
  });
  const { acknowledgedAt, acknowledgedBy } = alert;
  return (
    <tr>
      <Cell>{moment(alert.at, timeZone)}</Cell>
      <Cell>
        <What alert={alert} />
        <Text size="sm" c="dimmed" hiddenFrom="sm">
          {nameOf(alert.userId)}
        </Text>
        {acknowledge.error !== null && <Failure failure={acknowledge.error} />}
      </Cell>
      <Cell isExtra>{nameOf(alert.userId)}</Cell>
      <Cell isNumber>
        {acknowledgedAt !== null ? (
          `${acknowledgedBy === null ? 'By a program' : nameOf(acknowledgedBy)}, ${moment(acknowledgedAt, timeZone)}`
        ) : (
          <Button
            size="xs"
            variant="default"
            loading={acknowledge.isPending}
            aria-label={`I have looked at: ${alertWords(alert)}, ${moment(alert.at, timeZone)}`}
            onClick={() => acknowledge.mutate()}
          >
            I have looked
          </Button>
        )}
      </Cell>
    </tr>
  );
}

function Alerts() {
  const answer = useCall(listAlerts, {});
  const users = useCall(listUsers, {}).data?.users ?? [];
  const nameOf: NameOf = (userId) =>
    userId === null ? 'Installation link' : (users.find((one) => one.id === userId)?.name ?? 'A user');
  return (
    <Section title="Worth a look" about="Nobody is kept out by these. The newest come first.">
      <Answered answer={answer} label="Loading the alerts">
        {({ alerts }) =>
          alerts.length === 0 ? (
            <span>Nothing so far.</span>
          ) : (
            <DataTable caption="Alerts" columns={columns}>
              {alerts.map((alert) => (
                <AlertRow key={alert.id} alert={alert} nameOf={nameOf} />
              ))}
            </DataTable>
          )
        }
      </Answered>
    </Section>
  );
}

export const AlertsPage = () => (
  <>
    <PageHead title="Alerts" about="Sign-ins that are not as usual, and emergency accesses." />
    <Stack gap="1.25rem" maw="58rem">
      <Alerts />
      <MailSection />
    </Stack>
  </>
);
