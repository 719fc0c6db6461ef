/** Recovery codes, shown the one time that they can be. */
import { Alert, Button, Stack } from '@mantine/core';
import { IconEyeOff } from '@tabler/icons-react';
import { CodeSample } from '../elements/code-sample.tsx';

export const RecoveryCodes = ({ codes, onKept }: { codes: readonly string[]; onKept: () => void }) => (
  <Stack>
    <Alert variant="default" icon={<IconEyeOff aria-hidden />} title="Keep these recovery codes">
      Each takes the place of your authenticator app once, beside your password. They cannot be shown again.
    </Alert>
    <CodeSample label="Recovery codes" code={codes.join('\n')} />
    <Button onClick={onKept}>I have kept them</Button>
  </Stack>
);
