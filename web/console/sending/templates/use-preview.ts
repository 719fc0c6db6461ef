/** What the server makes of the words that are being typed, a moment after each pause. A value that is missing is said, and shown as empty. */
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { type PreviewedTemplate, previewWords } from '../../../../src/contract/templates.ts';
import { Refusal } from '../../../shared/client.ts';
import { queryOf } from '../../queries.ts';
import type { TypedTemplate } from './words.ts';
import { wordsOfTyped } from './words.ts';

export interface Preview {
  readonly shown: PreviewedTemplate | null;
  readonly error: Error | null;
  /** As the server says it: for which value nothing was given. */
  readonly lacking: string | null;
}

const restMs = 400;
const often = { retry: false, gcTime: 0 } as const;

export function usePreview(typed: TypedTemplate, data: Record<string, unknown> | null): Preview {
  const { name: _name, ...words } = wordsOfTyped(typed);
  const [asked] = useDebouncedValue(JSON.stringify({ ...words, data: data ?? {} }), restMs);
  const body = JSON.parse(asked) as typeof words & { data: Record<string, unknown> };
  const hasWords = body.html !== null || body.text !== null || body.subject !== '';
  const strict = useQuery({ ...queryOf(previewWords, { body }), ...often, enabled: hasWords });
  const isLacking = strict.error instanceof Refusal && strict.error.code === 'template.value_missing';
  const lenient = useQuery({
    ...queryOf(previewWords, { body: { ...body, missing: 'empty' } }),
    ...often,
    enabled: hasWords && isLacking,
  });
  const answer = isLacking ? lenient : strict;
  return {
    shown: hasWords ? (answer.data ?? null) : null,
    error: answer.error,
    lacking: isLacking && strict.error instanceof Refusal ? (strict.error.fields[0]?.message ?? null) : null,
  };
}
