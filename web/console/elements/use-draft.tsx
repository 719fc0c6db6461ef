/**
 * Keeps what somebody types into a form, sealed on the server, so that the end of a session loses nothing, and fills it in
 * when its user opens the form again. Who came by an installation link is nobody in particular, and has none.
 */
import { Button, Group, Text } from '@mantine/core';
import { useCallback, useRef, useState } from 'react';
import { readSession } from '../../../src/contract/access.ts';
import { deleteDraft, readDraft, saveDraft } from '../../../src/contract/drafts.ts';
import { call } from '../../shared/client.ts';
import { useCall } from '../queries.ts';
import { fill, type Words, wordsOf } from './form-words.ts';

export interface Draft {
  /** Of the form. Its fields need names. */
  readonly ref: (form: HTMLFormElement | null) => (() => void) | undefined;
  readonly isRestored: boolean;
  /** After it was sent, or closed by whoever filled it in. */
  forget(): void;
  /** Forgets it and empties the form. */
  discard(): void;
}

const restMs = 700;
/** What appears only after another field has its value. */
const settleMs = 150;

const nobodyHears = (): undefined => undefined;
const hasWords = (words: Words): boolean => Object.values(words).some((text) => text.trim() !== '');

/** `onWords` hears what is about to be filled in, for a form whose fields depend on it: rows that somebody had added. */
export function useDraft(form: string, onWords: (words: Words) => void = nobodyHears): Draft {
  const isSomebody = useCall(readSession, {}).data?.user != null;
  const [isRestored, setRestored] = useState(false);
  const shown = useRef<HTMLFormElement | null>(null);
  const first = useRef<Words>({});
  const tell = useRef(onWords);
  tell.current = onWords;
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const isStored = useRef(false);
  const saving = useRef<Promise<unknown>>(Promise.resolve());
  const ref = useCallback(
    (element: HTMLFormElement | null) => {
      if (element === null || !isSomebody) return undefined;
      shown.current = element;
      first.current = wordsOf(element);
      const listening = new AbortController();
      let isFilling = false;
      let hasTyped = false;
      const restore = async (): Promise<void> => {
        const { draft } = await call(readDraft, { params: { form } }, listening.signal);
        if (draft === null || hasTyped || listening.signal.aborted) return;
        isFilling = true;
        isStored.current = true;
        tell.current(draft.fields);
        const left = fill(element, draft.fields);
        setRestored(true);
        await new Promise((resolve) => setTimeout(resolve, settleMs));
        fill(element, left);
        isFilling = false;
      };
      const save = (): void => {
        isStored.current = true;
        saving.current = call(saveDraft, { params: { form }, body: { fields: wordsOf(element) } }).catch(nobodyHears);
      };
      const typed = (): void => {
        if (isFilling) return;
        hasTyped = true;
        clearTimeout(timer.current);
        if (hasWords(wordsOf(element))) timer.current = setTimeout(save, restMs);
      };
      element.addEventListener('input', typed, { signal: listening.signal });
      element.addEventListener('change', typed, { signal: listening.signal });
      restore().catch(nobodyHears);
      return () => {
        listening.abort();
        clearTimeout(timer.current);
        shown.current = null;
        setRestored(false);
      };
    },
    [form, isSomebody],
  );
  const forget = useCallback(() => {
    clearTimeout(timer.current);
    setRestored(false);
    // What is on its way to be kept must not arrive behind its end.
    if (isStored.current) void saving.current.then(() => call(deleteDraft, { params: { form } })).catch(nobodyHears);
    isStored.current = false;
  }, [form]);
  const discard = (): void => {
    tell.current(first.current);
    if (shown.current !== null) fill(shown.current, first.current);
    forget();
  };
  return { ref, isRestored, forget, discard };
}

/** Stands at the top of the form. */
export const DraftNote = ({ draft }: { draft: Draft }) => (
  <div role="status">
    {draft.isRestored && (
      <Group gap="xs">
        <Text size="sm">Restored what you had typed</Text>
        <span aria-hidden>·</span>
        <Button size="compact-sm" variant="subtle" onClick={draft.discard}>
          Discard
        </Button>
      </Group>
    )}
  </div>
);
