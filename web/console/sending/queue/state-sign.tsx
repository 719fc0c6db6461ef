/** In one word how a destination does: held back, paused by its own answers, flowing, or waiting. */
import type { QueueDestination } from '../../../../src/contract/queue.ts';
import styles from './queue-page.module.css';
import { inWords } from './words.ts';

function stateOf(one: QueueDestination, nowMs: number): { readonly tone: string; readonly words: string } | null {
  if (one.heldBackSince !== null) return { tone: 'held', words: 'Held back' };
  if (one.pausedUntil !== null && Date.parse(one.pausedUntil) > nowMs)
    return { tone: 'slow', words: `It asked to wait: again ${inWords(one.pausedUntil, nowMs)}` };
  if (one.deliveredPerMinute > 0) return { tone: 'flows', words: 'Flowing' };
  if (one.queued === 0) return null;
  return one.deferred > 0 && one.due === 0 && one.inFlight === 0 ? { tone: 'slow', words: 'Refused for now' } : null;
}

export const StateSign = ({ destination, nowMs }: { destination: QueueDestination; nowMs: number }) => {
  const state = stateOf(destination, nowMs);
  return state === null ? null : (
    <span className={styles.sign} data-tone={state.tone}>
      {state.words}
    </span>
  );
};
