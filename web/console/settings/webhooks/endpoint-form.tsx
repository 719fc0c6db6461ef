/** Adds a webhook: which program, where it is, what it is told; then its secret, the only time it can be seen. */
import { Alert, Button, Checkbox, Modal, NativeSelect, Stack, TextInput } from '@mantine/core';
import { IconEyeOff } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { listDepartments } from '../../../../src/contract/people.ts';
import {
  createWebhookEndpoint,
  listWebhookEndpoints,
  type WebhookEventType,
  webhookEventTypes,
} from '../../../../src/contract/webhooks.ts';
import { call } from '../../../shared/client.ts';
import { CodeSample } from '../../elements/code-sample.tsx';
import { Failure } from '../../elements/states.tsx';
import { departmentChoices } from '../../people/department-choices.ts';
import { queries, useCall } from '../../queries.ts';
import { typeWords } from './webhook-words.ts';

interface Wish {
  readonly url: string;
  readonly description: string;
  readonly eventTypes: WebhookEventType[];
  readonly departmentId: string | null;
}

const usual: WebhookEventType[] = ['message.delivered', 'message.bounced', 'message.opened', 'message.clicked'];
const textOf = (form: FormData, name: string): string => String(form.get(name) ?? '').trim();
const isType = (value: unknown): value is WebhookEventType => webhookEventTypes.some((type) => type === value);

function wishOf(form: HTMLFormElement): Wish {
  const data = new FormData(form);
  const departmentId = textOf(data, 'department');
  return {
    url: textOf(data, 'url'),
    description: textOf(data, 'description'),
    eventTypes: data.getAll('type').filter(isType),
    departmentId: departmentId === '' ? null : departmentId,
  };
}

function faultOf({ url, description, eventTypes }: Wish): string | null {
  if (description === '') return 'Give it a name, so that you know it again.';
  if (!URL.canParse(url)) return 'Give the whole address, such as https://program.clinic.example/events.';
  return eventTypes.length === 0 ? 'Choose at least one thing that it is told of.' : null;
}

function WishForm({
  isPending,
  failure,
  onWish,
}: {
  isPending: boolean;
  failure: Error | null;
  onWish: (wish: Wish) => void;
}) {
  const [fault, setFault] = useState<string | null>(null);
  const departments = useCall(listDepartments, {}).data?.departments ?? [];
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const wish = wishOf(event.currentTarget);
    setFault(faultOf(wish));
    if (faultOf(wish) === null) onWish(wish);
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <TextInput
          name="description"
          label="Name"
          description="Which program it is."
          maxLength={100}
          autoComplete="off"
          data-autofocus
        />
        <TextInput
          name="url"
          label="Address"
          description="Over https, reachable from the internet."
          maxLength={2000}
          autoComplete="off"
          spellCheck={false}
        />
        <Checkbox.Group label="What it is told of" defaultValue={usual}>
          <Stack gap="xs" mt="xs">
            {webhookEventTypes.map((type) => (
              <Checkbox key={type} name="type" value={type} label={typeWords(type)} />
            ))}
          </Stack>
        </Checkbox.Group>
        {departments.length > 0 && (
          <NativeSelect
            name="department"
            label="Whose mail"
            description="A department’s, with all below it."
            data={departmentChoices(departments, 'All mail of the account')}
          />
        )}
        {fault !== null && (
          <Alert color="red" variant="light" role="alert">
            {fault}
          </Alert>
        )}
        {failure !== null && <Failure failure={failure} />}
        <Button type="submit" loading={isPending}>
          Add the webhook
        </Button>
      </Stack>
    </form>
  );
}

export const SecretOnce = ({ secret, onDone }: { secret: string; onDone: () => void }) => (
  <Stack>
    <Alert variant="default" icon={<IconEyeOff aria-hidden />} title="Copy it now">
      The receiving program checks with this secret that a call comes from Waxwing. It cannot be shown again.
    </Alert>
    <CodeSample label="Secret of the webhook" code={secret} />
    <Button onClick={onDone} data-autofocus>
      I have kept the secret
    </Button>
  </Stack>
);

export function AddWebhook({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const add = useMutation({
    mutationFn: (body: Wish) => call(createWebhookEndpoint, { body }),
    gcTime: 0,
    onSuccess: () => queries.invalidateQueries({ queryKey: [listWebhookEndpoints.name] }),
  });
  const close = () => {
    add.reset();
    onClose();
  };
  const made = add.data;
  return (
    <Modal
      opened={isOpen}
      onClose={close}
      title={made === undefined ? 'Add a webhook' : 'Its secret'}
      closeOnClickOutside={made === undefined}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {made === undefined ? (
        <WishForm isPending={add.isPending} failure={add.error} onWish={(wish) => add.mutate(wish)} />
      ) : (
        <SecretOnce secret={made.secret} onDone={close} />
      )}
    </Modal>
  );
}
