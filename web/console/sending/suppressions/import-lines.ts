/** A list that somebody pasted or chose, cut into parts of lines that keep their numbers. It judges no address: the server does. */

export interface Line {
  /** As an editor counts them, from 1. */
  readonly number: number;
  readonly text: string;
}

export const partSize = 500;
/** Of one import at the console. */
export const mostLines = 10_000;

/** Without empty lines and without a head of columns. */
export function linesOf(text: string): Line[] {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line, at) => ({ number: at + 1, text: line }))
    .filter((line) => line.text.trim() !== '');
  const [head] = lines;
  return head !== undefined && /^"?e-?mail"?\s*(,|;|$)/i.test(head.text) ? lines.slice(1) : lines;
}

export function partsOf(lines: readonly Line[]): Line[][] {
  return Array.from({ length: Math.ceil(lines.length / partSize) }, (_, at) =>
    lines.slice(at * partSize, (at + 1) * partSize),
  );
}
