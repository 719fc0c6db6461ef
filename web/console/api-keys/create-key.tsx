/** Makes an API key and shows its secret, the only time it can be seen. */
import { Modal } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { createApiKey, listApiKeys } from '../../../src/contract/access.ts';
import { call } from '../../shared/client.ts';
import { useDraft } from '../elements/use-draft.tsx';
import { queries } from '../queries.ts';
import { KeyForm, type KeyWish } from './key-form.tsx';
import { SecretShown } from './secret-shown.tsx';

const useCreate = () =>
  useMutation({
    mutationFn: (wish: KeyWish) => call(createApiKey, { body: wish }),
    gcTime: 0,
    onSuccess: () => queries.invalidateQueries({ queryKey: [listApiKeys.name] }),
  });

export function CreateKey({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const create = useCreate();
  const draft = useDraft('api-key');
  const close = () => {
    draft.forget();
    create.reset();
    onClose();
  };
  return (
    <Modal
      opened={isOpen}
      onClose={close}
      title={create.data === undefined ? 'New API key' : 'Your new API key'}
      size="lg"
      closeOnClickOutside={create.data === undefined}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {create.data === undefined ? (
        <KeyForm
          draft={draft}
          failure={create.error}
          isPending={create.isPending}
          onMake={(wish) => create.mutate(wish, { onSuccess: draft.forget })}
        />
      ) : (
        <SecretShown created={create.data} onDone={close} />
      )}
    </Modal>
  );
}
