/** The keys with which programs send and read: listed, made, replaced and revoked. */
import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { listApiKeys } from '../../../src/contract/access.ts';
import { PageHead } from '../elements/page-head.tsx';
import { Answered, Empty } from '../elements/states.tsx';
import { useCall } from '../queries.ts';
import { CreateKey } from './create-key.tsx';
import { KeyTable } from './key-table.tsx';
import type { ApiKey } from './key-words.ts';
import { ReplaceKey } from './replace-key.tsx';
import { RevokeKey } from './revoke-key.tsx';

export function ApiKeysPage() {
  const answer = useCall(listApiKeys, {});
  const [isCreating, setCreating] = useState(false);
  const [replacing, setReplacing] = useState<ApiKey | null>(null);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  return (
    <>
      <PageHead
        title="API keys"
        about="Programs send and read with a key of their own, over HTTP or as the SMTP password. Only a fingerprint of each is stored."
        actions={
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)}>
            New key
          </Button>
        }
      />
      <Answered answer={answer} label="Loading the API keys">
        {({ apiKeys }) =>
          apiKeys.length === 0 ? (
            <Empty title="No API key yet">Make one to send your first message.</Empty>
          ) : (
            <KeyTable keys={apiKeys} onReplace={setReplacing} onRevoke={setRevoking} />
          )
        }
      </Answered>
      <CreateKey isOpen={isCreating} onClose={() => setCreating(false)} />
      <ReplaceKey apiKey={replacing} onClose={() => setReplacing(null)} />
      <RevokeKey apiKey={revoking} onClose={() => setRevoking(null)} />
    </>
  );
}
