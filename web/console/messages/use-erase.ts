/** Erases a message, and gives its certificate; for one that is erased already, the certificate that it has. */
import { useMutation } from '@tanstack/react-query';
import { eraseMessage, listMessageEvents, listMessages, readMessage } from '../../../src/contract/messages.ts';
import { call } from '../../shared/client.ts';
import { queries } from '../queries.ts';

const changed: readonly unknown[] = [readMessage.name, listMessages.name, listMessageEvents.name];

export const useErase = (id: string) =>
  useMutation({
    mutationFn: () => call(eraseMessage, { params: { id } }),
    onSuccess: () => queries.invalidateQueries({ predicate: ({ queryKey: [name] }) => changed.includes(name) }),
  });
