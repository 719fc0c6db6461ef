/** What is in a file of payloads: one JSON document, or one a line; arrays and pages of an events API are taken apart. */
import { field, isFields } from '../core/providers/read-fields.ts';
import { CommandFault } from './fault.ts';

export function* payloadsOf(text: string): Generator<unknown> {
  const bare = text.replace(/^\uFEFF/, '').trim();
  if (bare === '') return;
  const whole = parsed(bare);
  if (whole !== undefined) {
    yield* itemsOf(whole.value);
    return;
  }
  let lineNumber = 0;
  for (const line of bare.split('\n')) {
    lineNumber += 1;
    if (line.trim() === '') continue;
    const one = parsed(line);
    if (one === undefined) throw new CommandFault(`Line ${lineNumber} is not JSON, and the file as a whole is none.`);
    yield* itemsOf(one.value);
  }
}

function parsed(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

function itemsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  for (const name of ['items', 'mandrill_events']) {
    const list = isFields(value) ? field(value, name) : undefined;
    if (Array.isArray(list)) return list;
  }
  return [value];
}
