/** One user: role and department changed, a fresh invitation made, or deactivated, which ends all at once. */
import { Button, Divider, Group, Modal, NativeSelect, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Link } from 'react-router';
import { changeUser, deactivateUser, listSessions, listUsers, renewInvitation } from '../../../src/contract/people.ts';
import type { Permission, Role } from '../../../src/contract/permissions.ts';
import { call } from '../../shared/client.ts';
import { Failure } from '../elements/states.tsx';
import { queries } from '../queries.ts';
import { DepartmentFields, departmentOf } from './department-fields.tsx';
import { type Exact, ExactPermissions, within } from './exact-permissions.tsx';
import { LinkShown, roleChoices } from './invite-dialog.tsx';
import type { Department, User } from './words.ts';

function refresh(): void {
  void queries.invalidateQueries({ queryKey: [listUsers.name] });
  void queries.invalidateQueries({ queryKey: [listSessions.name] });
}

interface Change {
  readonly role: Role;
  readonly permissions?: Permission[] | null;
  readonly departmentId: string | null;
  readonly reach: User['reach'];
}

interface UserFormProps {
  readonly user: User;
  readonly departments: readonly Department[];
  onDone(): void;
}

function UserForm({ user, departments, onDone }: UserFormProps) {
  const [isSure, setSure] = useState(false);
  const [role, setRole] = useState(user.role);
  const [exact, setExact] = useState<Exact>(user.permissions);
  const change = useMutation({
    mutationFn: (body: Change) => call(changeUser, { params: { id: user.id }, body }),
    onSuccess: () => {
      refresh();
      onDone();
    },
  });
  const invite = useMutation({
    mutationFn: () => call(renewInvitation, { params: { id: user.id }, body: {} }),
    gcTime: 0,
  });
  const deactivate = useMutation({
    mutationFn: () => call(deactivateUser, { params: { id: user.id } }),
    onSuccess: () => {
      refresh();
      onDone();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const { departmentId, reach } = user;
    const where = data.has('department') ? departmentOf(data) : { departmentId, reach };
    const narrowed = within(role, exact);
    const permissions = exact === user.permissions ? {} : { permissions: narrowed === null ? null : [...narrowed] };
    change.mutate({ role, ...permissions, ...where });
  };
  if (invite.data !== undefined) return <LinkShown link={invite.data.link} onDone={onDone} />;
  const failure = change.error ?? invite.error ?? deactivate.error;
  return (
    <Stack>
      <form onSubmit={submit}>
        <Stack>
          <NativeSelect
            name="role"
            label="Role"
            data={roleChoices}
            value={role}
            onChange={({ currentTarget: { value } }) => setRole(value as Role)}
            data-autofocus
          />
          <DepartmentFields departments={departments} departmentId={user.departmentId} reach={user.reach} />
          <ExactPermissions role={role} chosen={exact} onChange={setExact} />
          <Button type="submit" loading={change.isPending}>
            Save
          </Button>
        </Stack>
      </form>
      {failure !== null && <Failure failure={failure} />}
      <Link className="quiet-link" to={`/trust/audit?actorId=${user.id}`} onClick={onDone}>
        What they did
      </Link>
      <Divider />
      <Text size="sm" c="dimmed">
        A fresh invitation is for who lost every way to sign in, or comes back. Accepting it replaces their passkeys and
        password.
      </Text>
      <Group justify="space-between">
        <Button variant="default" loading={invite.isPending} onClick={() => invite.mutate()}>
          Invite anew
        </Button>
        {user.state !== 'deactivated' && (
          <Button
            color="wax"
            variant={isSure ? 'filled' : 'default'}
            loading={deactivate.isPending}
            onClick={() => (isSure ? deactivate.mutate() : setSure(true))}
          >
            {isSure ? 'End all and deactivate' : 'Deactivate'}
          </Button>
        )}
      </Group>
      <Text size="sm" role="status">
        {isSure && `Every session and every API key of ${user.name} ends at once. Press again to go on.`}
      </Text>
    </Stack>
  );
}

interface UserDialogProps {
  readonly user: User | null;
  readonly departments: readonly Department[];
  onClose(): void;
}

export const UserDialog = ({ user, departments, onClose }: UserDialogProps) => (
  <Modal
    opened={user !== null}
    onClose={onClose}
    title={user?.name ?? ''}
    size="lg"
    closeButtonProps={{ 'aria-label': 'Close' }}
  >
    {user !== null && <UserForm key={user.id} user={user} departments={departments} onDone={onClose} />}
  </Modal>
);
