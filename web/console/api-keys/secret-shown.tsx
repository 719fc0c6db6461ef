/** A key's secret, the only time it can be seen, with commands to try it. */
import { Alert, Button, Stack, Text } from '@mantine/core';
import { IconEyeOff } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import type { z } from 'zod';
import type { createApiKey } from '../../../src/contract/access.ts';
import { CodeSample } from '../elements/code-sample.tsx';
import { SnippetTabs } from '../elements/snippet-tabs.tsx';

type NewKey = z.infer<typeof createApiKey.result>;

const maySend = ({ permissions }: NewKey): boolean => permissions === null || permissions.includes('messages.send');

export function SecretShown({ created, onDone }: { created: NewKey; onDone: () => void }) {
  const top = useRef<HTMLDivElement>(null);
  // The form that had the focus is gone.
  useEffect(() => top.current?.focus(), []);
  return (
    <Stack>
      <Alert ref={top} tabIndex={-1} variant="default" icon={<IconEyeOff aria-hidden />} title="Copy it now">
        Waxwing keeps no copy of the secret. Once this window is closed, nobody can see it again.
      </Alert>
      <CodeSample label={`Secret of ${created.name}`} code={created.secret} />
      {maySend(created) && (
        <>
          <Text fw={600} mt="xs">
            Try it
          </Text>
          <SnippetTabs apiKey={created.secret} />
        </>
      )}
      <Button onClick={onDone}>I have kept the secret</Button>
    </Stack>
  );
}
