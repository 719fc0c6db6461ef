/** Connects a provider in two steps: which one and by what name, then the address to give it. */
import { Modal } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { createProviderConnection, listProviderConnections } from '../../../src/contract/providers.ts';
import { call } from '../../shared/client.ts';
import { useDraft } from '../elements/use-draft.tsx';
import { queries } from '../queries.ts';
import { ConnectForm, type ConnectionWish } from './connect-form.tsx';
import { ConnectedSteps } from './connected-steps.tsx';
import { providers } from './provider-words.ts';

const useConnect = () =>
  useMutation({
    mutationFn: (wish: ConnectionWish) => call(createProviderConnection, { body: wish }),
    gcTime: 0,
    onSuccess: () => queries.invalidateQueries({ queryKey: [listProviderConnections.name] }),
  });

export function ConnectDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const connect = useConnect();
  const draft = useDraft('provider-connection');
  const close = () => {
    draft.forget();
    connect.reset();
    onClose();
  };
  const made = connect.data;
  return (
    <Modal
      opened={isOpen}
      onClose={close}
      size="lg"
      title={made === undefined ? 'Connect a provider' : `Now give ${providers[made.provider].name} the address`}
      closeOnClickOutside={made === undefined}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {made === undefined ? (
        <ConnectForm
          draft={draft}
          failure={connect.error}
          isPending={connect.isPending}
          onConnect={(wish) => connect.mutate(wish, { onSuccess: draft.forget })}
        />
      ) : (
        <ConnectedSteps made={made} onDone={close} />
      )}
    </Modal>
  );
}
