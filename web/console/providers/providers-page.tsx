/** The connections by which other providers tell their events: how each is doing, new ones, their keys, their end. */
import { Button, Stack } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { listProviderConnections, type ProviderConnection } from '../../../src/contract/providers.ts';
import { PageHead } from '../elements/page-head.tsx';
import { Answered, Empty } from '../elements/states.tsx';
import { useCall } from '../queries.ts';
import { ConnectDialog } from './connect-dialog.tsx';
import { ConnectionCard } from './connection-card.tsx';
import { DeleteConnection } from './delete-connection.tsx';
import { KeyDialog } from './key-dialog.tsx';

const About = () => (
  <>
    You send with somebody else and want to know who opened and clicked. Let that provider tell Waxwing its events: they
    are judged by the same rules and appear in the same reports. Nothing about your sending changes.
  </>
);

const None = ({ onConnect }: { onConnect: () => void }) => (
  <Empty
    title="No provider is connected"
    action={
      <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={onConnect}>
        Connect a provider
      </Button>
    }
  >
    Other providers count Apple’s prefetch and security scanners as opens and clicks. Connect yours, and see here how
    many of them were people, each with its reasons. It takes about a minute and changes nothing there but one webhook.
  </Empty>
);

export function ProvidersPage() {
  const answer = useCall(listProviderConnections, {});
  const [isConnecting, setConnecting] = useState(false);
  const [keyed, setKeyed] = useState<ProviderConnection | null>(null);
  const [deleted, setDeleted] = useState<ProviderConnection | null>(null);
  const connect = () => setConnecting(true);
  const isEmpty = answer.data?.connections.length === 0;
  return (
    <>
      <PageHead
        title="Other providers"
        about={<About />}
        actions={
          !isEmpty && (
            <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={connect}>
              Connect a provider
            </Button>
          )
        }
      />
      <Answered answer={answer} label="Loading the connections" rows={6}>
        {({ connections }) =>
          connections.length === 0 ? (
            <None onConnect={connect} />
          ) : (
            <Stack gap="1.25rem" maw="58rem">
              {connections.map((connection) => (
                <ConnectionCard
                  key={connection.id}
                  connection={connection}
                  onKey={() => setKeyed(connection)}
                  onDelete={() => setDeleted(connection)}
                />
              ))}
            </Stack>
          )
        }
      </Answered>
      <ConnectDialog isOpen={isConnecting} onClose={() => setConnecting(false)} />
      <KeyDialog connection={keyed} onClose={() => setKeyed(null)} />
      <DeleteConnection connection={deleted} onClose={() => setDeleted(null)} />
    </>
  );
}
