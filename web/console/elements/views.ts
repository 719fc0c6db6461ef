/** The three views and what each believes, in one sentence. */
import type { View } from '../../../src/contract/values.ts';

export const views = [
  { value: 'strict', label: 'Strict' },
  { value: 'balanced', label: 'Balanced' },
  { value: 'lenient', label: 'Lenient' },
] as const satisfies readonly { value: View; label: string }[];

export const viewSentences: Readonly<Record<View, string>> = {
  strict: 'Strict: whatever might be a machine counts as one. The surest count of people, and the lowest.',
  balanced: 'Balanced: the signs are weighed; a doubt alone does not make someone a machine. The usual choice.',
  lenient: 'Lenient: only what is certainly a machine counts as one. The highest count of people.',
};
