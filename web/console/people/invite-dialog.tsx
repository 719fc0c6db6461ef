/** Invites somebody, and shows the one-time link to hand over. */
import { Alert, Button, Modal, NativeSelect, Stack, Text, TextInput } from '@mantine/core';
import { IconSend } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import { inviteUser, listUsers } from '../../../src/contract/people.ts';
import { type Role, roles } from '../../../src/contract/permissions.ts';
import { type CallInput, call } from '../../shared/client.ts';
import { CodeSample } from '../elements/code-sample.tsx';
import { Failure } from '../elements/states.tsx';
import { DraftNote, useDraft } from '../elements/use-draft.tsx';
import { queries } from '../queries.ts';
import { DepartmentFields, departmentOf } from './department-fields.tsx';
import { type Department, roleNames } from './words.ts';

export const roleChoices = (Object.keys(roles) as Role[]).map((role) => ({
  value: role,
  label: `${roleNames[role]}: ${roles[role].about}`,
}));

export const LinkShown = ({ link, onDone }: { link: string; onDone: () => void }) => (
  <Stack>
    <Alert variant="default" icon={<IconSend aria-hidden />} title="Hand over this link">
      It works once, for three days, and lets its holder choose how to sign in. Waxwing sends no mail for it: use a way
      that only they read.
    </Alert>
    <CodeSample label="Invitation link" code={link} />
    <Button onClick={onDone}>Done</Button>
  </Stack>
);

interface InviteDialogProps {
  readonly isOpen: boolean;
  readonly departments: readonly Department[];
  onClose(): void;
}

export function InviteDialog({ isOpen, departments, onClose }: InviteDialogProps) {
  const draft = useDraft('invite');
  const invite = useMutation({
    mutationFn: (body: CallInput<typeof inviteUser>['body']) => call(inviteUser, { body }),
    onSuccess: () => {
      draft.forget();
      return queries.invalidateQueries({ queryKey: [listUsers.name] });
    },
    gcTime: 0,
  });
  const close = () => {
    draft.forget();
    invite.reset();
    onClose();
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const text = (name: string): string => String(data.get(name) ?? '').trim();
    const about = { email: text('email'), name: text('name'), role: text('role') as Role };
    invite.mutate({ ...about, ...departmentOf(data) });
  };
  return (
    <Modal
      opened={isOpen}
      onClose={close}
      title="Invite somebody"
      size="lg"
      closeOnClickOutside={invite.data === undefined}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {invite.data !== undefined ? (
        <LinkShown link={invite.data.invitation.link} onDone={close} />
      ) : (
        <form onSubmit={submit} ref={draft.ref}>
          <Stack>
            <DraftNote draft={draft} />
            <TextInput name="name" label="Name" required maxLength={100} autoComplete="off" data-autofocus />
            <TextInput name="email" type="email" label="Email address" required maxLength={254} autoComplete="off" />
            <NativeSelect name="role" label="Role" data={roleChoices} defaultValue="viewer" />
            <DepartmentFields departments={departments} />
            <Text size="xs" c="dimmed">
              Nobody hands out more than they may do themselves.
            </Text>
            {invite.error !== null && <Failure failure={invite.error} />}
            <Button type="submit" loading={invite.isPending}>
              Make the invitation
            </Button>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
