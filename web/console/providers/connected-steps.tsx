/** What to give the provider: the address, once only the user and password where it needs them, and where to paste them. */
import { Alert, Button, List, Stack, Text } from '@mantine/core';
import { IconEyeOff } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import type { z } from 'zod';
import type { createProviderConnection } from '../../../src/contract/providers.ts';
import { CodeSample } from '../elements/code-sample.tsx';
import { addressWithPassword, providers } from './provider-words.ts';

type NewConnection = z.output<typeof createProviderConnection.result>;

const Copied = ({ label, code }: { label: string; code: string }) => (
  <div>
    <Text size="sm" fw={600} mb={4}>
      {label}
    </Text>
    <CodeSample label={label} code={code} />
  </div>
);

function Credentials({ made }: { made: NewConnection }) {
  if (made.basicAuth === undefined) return <Copied label="Address" code={made.url} />;
  const { user, password } = made.basicAuth;
  const isInAddress = providers[made.provider].passwordIn === 'address';
  return (
    <>
      <Copied label="Address" code={made.url} />
      <Alert variant="default" icon={<IconEyeOff aria-hidden />} title="Copy the password now">
        Waxwing keeps no copy of it. Once this window is closed, nobody can see it again.
      </Alert>
      {isInAddress ? (
        <Copied
          label={
            made.provider === 'ses'
              ? 'Address with the password, for raw message delivery'
              : 'Address with the password, to use until the key is set'
          }
          code={addressWithPassword(made.url, user, password)}
        />
      ) : (
        <>
          <Copied label="User" code={user} />
          <Copied label="Password" code={password} />
        </>
      )}
    </>
  );
}

export function ConnectedSteps({ made, onDone }: { made: NewConnection; onDone: () => void }) {
  const { name, steps } = providers[made.provider];
  const heading = useRef<HTMLHeadingElement>(null);
  // The form that had the focus is gone.
  useEffect(() => heading.current?.focus(), []);
  return (
    <Stack>
      <div>
        <Text component="h3" fw={600} ref={heading} tabIndex={-1}>
          In {name}
        </Text>
        <List type="ordered" size="sm" mt={4} spacing={4}>
          {steps.map((step) => (
            <List.Item key={step}>{step}</List.Item>
          ))}
        </List>
      </div>
      <Credentials made={made} />
      <Button onClick={onDone}>{made.basicAuth === undefined ? 'Done' : 'I have kept the password'}</Button>
    </Stack>
  );
}
