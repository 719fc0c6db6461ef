/** Who has access: users, their sessions, departments, and what somebody should look at. */
import { Button, Paper, Stack } from '@mantine/core';
import { IconUserPlus } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import { endSomeSession, listAlerts, listDepartments, listSessions, listUsers } from '../../../src/contract/people.ts';
import { call } from '../../shared/client.ts';
import { moment } from '../../shared/format.ts';
import { Breakable } from '../elements/breakable.tsx';
import { Cell, DataTable } from '../elements/data-table.tsx';
import { PageHead } from '../elements/page-head.tsx';
import { Section } from '../elements/section.tsx';
import { Answered, Empty } from '../elements/states.tsx';
import { queries, useCall } from '../queries.ts';
import { useTimeZone } from '../use-time-zone.ts';
import { DepartmentsSection } from './departments-section.tsx';
import { InviteDialog } from './invite-dialog.tsx';
import styles from './people-page.module.css';
import { SessionLimitsSection } from './session-limits-section.tsx';
import { SessionsTable } from './sessions-table.tsx';
import { UserDialog } from './user-dialog.tsx';
import { alertWords, type Department, factorsOf, roleNames, stateNames, type User, whereOf } from './words.ts';

const columns = [
  { label: 'Name' },
  { label: 'Role' },
  { label: 'Signs in with', isExtra: true },
  { label: 'Last signed in', isExtra: true },
  { label: <span className="unseen">Actions</span>, isNumber: true },
];

interface UserTableProps {
  readonly users: readonly User[];
  readonly departments: readonly Department[];
  onOpen(user: User): void;
}

function UserTable({ users, departments, onOpen }: UserTableProps) {
  const timeZone = useTimeZone();
  return (
    <Paper px="md" py="xs">
      <DataTable caption="Users" columns={columns}>
        {users.map((one) => (
          <tr key={one.id}>
            <Cell>
              <div className={styles.name}>
                <strong>{one.name}</strong>
                <span>
                  <Breakable>{one.email}</Breakable>
                </span>
                {one.departmentId !== null && <span>{whereOf(one, departments)}</span>}
              </div>
            </Cell>
            <Cell>
              <div className={styles.name}>
                {roleNames[one.role]}
                {one.state !== 'active' && <span>{stateNames[one.state]}</span>}
              </div>
            </Cell>
            <Cell isExtra>{factorsOf(one)}</Cell>
            <Cell isExtra>{one.lastSignedInAt === null ? 'Never' : moment(one.lastSignedInAt, timeZone)}</Cell>
            <Cell isNumber>
              <Button size="xs" variant="default" aria-label={`Change ${one.name}`} onClick={() => onOpen(one)}>
                Change
              </Button>
            </Cell>
          </tr>
        ))}
      </DataTable>
    </Paper>
  );
}

function Sessions({ nameOf }: { nameOf: (userId: string | null) => string }) {
  const answer = useCall(listSessions, {});
  const end = useMutation({
    mutationFn: (id: string) => call(endSomeSession, { params: { id } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: [listSessions.name] }),
  });
  return (
    <Section title="Open sessions" about="Everybody who is signed in to the console now.">
      <Answered answer={answer} label="Loading the sessions">
        {({ sessions }) => <SessionsTable sessions={sessions} nameOf={nameOf} onEnd={end.mutate} />}
      </Answered>
    </Section>
  );
}

function Alerts({ nameOf }: { nameOf: (userId: string | null) => string }) {
  const timeZone = useTimeZone();
  const answer = useCall(listAlerts, {});
  return (
    <Section
      title="Worth a look"
      about={
        <>
          Sign-ins that are not as usual, and emergency accesses. Nobody is kept out by this: ask whoever it was. Who
          has looked at them is under{' '}
          <Link className="quiet-link" to="/trust/alerts">
            Alerts
          </Link>
          .
        </>
      }
    >
      <Answered answer={answer} label="Loading the alerts" rows={2}>
        {({ alerts }) => (
          <ul className={styles.list}>
            {alerts.length === 0 && <li>Nothing unusual so far.</li>}
            {alerts.slice(0, 20).map((one) => (
              <li key={one.id} className={styles.row}>
                <div className={styles.name}>
                  <strong>{nameOf(one.userId)}</strong>
                  <span>{alertWords(one)}</span>
                </div>
                <span>{moment(one.at, timeZone)}</span>
              </li>
            ))}
          </ul>
        )}
      </Answered>
    </Section>
  );
}

export function PeoplePage() {
  const answer = useCall(listUsers, {});
  const departments = useCall(listDepartments, {}).data?.departments ?? [];
  const isRefused = answer.data === undefined && answer.error !== null;
  const [isInviting, setInviting] = useState(false);
  const [changing, setChanging] = useState<User | null>(null);
  const nameOf = (userId: string | null): string =>
    userId === null ? 'Installation link' : (answer.data?.users.find((one) => one.id === userId)?.name ?? 'A user');
  return (
    <>
      <PageHead
        title="People"
        about="Everybody signs in as themselves, with a passkey or a password and an authenticator app, and may do what their role allows."
        actions={
          !isRefused && (
            <Button leftSection={<IconUserPlus size={16} aria-hidden />} onClick={() => setInviting(true)}>
              Invite
            </Button>
          )
        }
      />
      <Stack gap="1.25rem">
        <Answered answer={answer} label="Loading the users">
          {({ users }) =>
            users.length === 0 ? (
              <Empty title="Nobody has a sign-in of their own yet">
                Invite yourself as an owner first. Installation links keep working, and are noted below.
              </Empty>
            ) : (
              <UserTable users={users} departments={departments} onOpen={setChanging} />
            )
          }
        </Answered>
        {!isRefused && (
          <>
            <Sessions nameOf={nameOf} />
            <Alerts nameOf={nameOf} />
            <DepartmentsSection departments={departments} />
            <SessionLimitsSection departments={departments} />
          </>
        )}
      </Stack>
      <InviteDialog isOpen={isInviting} departments={departments} onClose={() => setInviting(false)} />
      <UserDialog user={changing} departments={departments} onClose={() => setChanging(null)} />
    </>
  );
}
