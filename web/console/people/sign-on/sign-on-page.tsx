/** The identity providers that people of the account sign in with, and how a new one is begun. */
import { Button, Modal, Stack, Text, TextInput } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { listDepartments } from '../../../../src/contract/people.ts';
import { createSignOnConnection, listSignOnConnections } from '../../../../src/contract/single-sign-on.ts';
import { call } from '../../../shared/client.ts';
import { PageHead } from '../../elements/page-head.tsx';
import { Answered, Empty, Failure } from '../../elements/states.tsx';
import { queries, useCall } from '../../queries.ts';
import { ConnectionSection } from './connection-section.tsx';

function BeginDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const begin = useMutation({
    mutationFn: (name: string) => call(createSignOnConnection, { body: { name } }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: [listSignOnConnections.name] });
      onClose();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    begin.mutate(String(new FormData(event.currentTarget).get('name') ?? '').trim());
  };
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      title="Connect an identity provider"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form onSubmit={submit}>
        <Stack>
          <Text size="sm">
            Waxwing makes an address first, which the provider wants to know. Then you enter what the provider gives
            you.
          </Text>
          <TextInput
            name="name"
            label="Name"
            description="What your people know it by, such as “Microsoft account of the clinic”."
            maxLength={100}
            required
            data-autofocus
          />
          {begin.error !== null && <Failure failure={begin.error} />}
          <Button type="submit" loading={begin.isPending}>
            Go on
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}

const about =
  'Let people sign in with the account that they have at your organisation already: Microsoft Entra ID, Okta, Google Workspace, Keycloak, or any other that speaks OpenID Connect. Owners keep their own ways to sign in, so that a provider that is down locks nobody out.';

export function SignOnPage() {
  const answer = useCall(listSignOnConnections, {});
  const departments = useCall(listDepartments, {}).data?.departments ?? [];
  const [isBeginning, setBeginning] = useState(false);
  const begin = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setBeginning(true)}>
      Connect a provider
    </Button>
  );
  return (
    <>
      <PageHead
        title="Single sign-on"
        about={about}
        actions={(answer.data?.connections.length ?? 0) > 0 ? begin : undefined}
      />
      <Answered answer={answer} label="Loading the connections">
        {({ connections }) =>
          connections.length === 0 ? (
            <Empty title="No identity provider is connected" action={begin}>
              It takes about ten minutes, here and at the provider. Nothing changes for anybody until you switch it on.
            </Empty>
          ) : (
            <Stack gap="1.25rem" maw="58rem">
              {connections.map((one) => (
                <ConnectionSection key={one.id} connection={one} departments={departments} />
              ))}
            </Stack>
          )
        }
      </Answered>
      <BeginDialog isOpen={isBeginning} onClose={() => setBeginning(false)} />
    </>
  );
}
