/** What can be done by hand about mail that waits, and what each means before somebody does it. */
import {
  cancelQueue,
  holdQueue,
  type QueueSelection,
  releaseQueue,
  retryQueue,
} from '../../../../src/contract/queue.ts';
import { plural } from '../../../shared/format.ts';

export type Action = 'retry' | 'hold' | 'release' | 'cancel';

interface ActionWords {
  readonly endpoint: typeof holdQueue | typeof releaseQueue | typeof retryQueue | typeof cancelQueue;
  readonly label: string;
  readonly title: (name: string) => string;
  readonly about: (isStanding: boolean) => string;
  readonly done: (recipients: number, isStanding: boolean) => string;
  readonly isGrave?: boolean;
}

const these = (recipients: number): string => plural(recipients, 'recipient');

export const actions: Readonly<Record<Action, ActionWords>> = {
  retry: {
    endpoint: retryQueue,
    label: 'Try again now',
    title: (name) => `Try ${name} again now?`,
    about: () =>
      'What waits for its next attempt is tried at once. Mail planned for later keeps its time, and what is held stays held.',
    done: (recipients) =>
      recipients === 0 ? 'Nothing waited for another attempt.' : `${these(recipients)} tried now.`,
  },
  hold: {
    endpoint: holdQueue,
    label: 'Hold back',
    title: (name) => `Hold ${name} back?`,
    about: (isStanding) =>
      isStanding
        ? 'Nothing more goes out there, also not what is accepted later, until somebody releases it. What is being sent at this moment still goes.'
        : 'What waits stays until somebody releases it. What is being sent at this moment still goes.',
    done: (recipients, isStanding) =>
      isStanding
        ? 'Held back from now on: mail is put aside as its turn comes.'
        : recipients === 0
          ? 'Nothing waited that could be held.'
          : `${these(recipients)} held.`,
  },
  release: {
    endpoint: releaseQueue,
    label: 'Release',
    title: (name) => `Release ${name}?`,
    about: () => 'What was held goes out as soon as its turn comes.',
    done: (recipients) => (recipients === 0 ? 'Released. Nothing was waiting for it.' : `${these(recipients)} let go.`),
  },
  cancel: {
    endpoint: cancelQueue,
    label: 'Take out for good',
    title: (name) => `Take ${name} out of the queue?`,
    about: () =>
      'What waits is never sent: its recipients count as dropped, and their timelines say why. This cannot be undone.',
    done: (recipients) => (recipients === 0 ? 'Nothing was waiting.' : `${these(recipients)} taken out.`),
    isGrave: true,
  },
};

export const isStanding = (selection: QueueSelection): boolean => 'destination' in selection || 'campaign' in selection;
