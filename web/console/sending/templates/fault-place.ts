/** Where a template is not well formed, out of what the server says: the field, its line and column. */
import { Refusal } from '../../../shared/client.ts';

export type PartName = 'subject' | 'html' | 'text';

export interface FaultPlace {
  readonly part: PartName;
  readonly words: string;
  readonly line: number;
  readonly column: number;
}

const isPart = (field: string): field is PartName => field === 'subject' || field === 'html' || field === 'text';

export function faultPlace(error: Error | null): FaultPlace | null {
  if (!(error instanceof Refusal) || error.code !== 'template.syntax') return null;
  const [first] = error.fields;
  const [, line, column] = /^Line (\d+), column (\d+)/.exec(first?.message ?? '') ?? [];
  if (first === undefined || !isPart(first.field)) return null;
  return { part: first.field, words: first.message, line: Number(line ?? 1), column: Number(column ?? 1) };
}

/** Where in the text a line and column are. */
export function offsetOf(text: string, { line, column }: Pick<FaultPlace, 'line' | 'column'>): number {
  const lines = text.split('\n');
  const before = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  return Math.min(before + column - 1, text.length);
}
