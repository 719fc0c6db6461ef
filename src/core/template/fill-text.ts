/** Puts a recipient's values into a plain text or a subject: percent-encoded within addresses, as they are elsewhere. */
import { assertFits, roomAt } from './host-room.ts';
import { addressPart, findMarks, replaceMarks, type Skeleton, type Value } from './marks.ts';

export interface FilledText {
  readonly text: string;
  /** The name of an address found in the filled text: as the template writes it; undefined: no value is in it. */
  nameOf(address: string): string | undefined;
}

/** From `https://` or a mark on to where an address ends for certain. */
const run = /(?:https?:\/\/|\uE000[^\uE001]*\uE001)[^\s<>"]*/gi;

interface Run {
  readonly skeleton: string;
  readonly pieces: readonly { readonly source: string; readonly filled: string }[];
  readonly filled: string;
}

export function fillText({ text, values }: Skeleton): FilledText {
  const runs: Run[] = [];
  const filled = text.replace(run, (skeleton) => {
    const one = fillRun(skeleton, values);
    if (/^https?:\/\//i.test(one.filled) && skeleton.includes('\uE000')) runs.push(one);
    return one.filled;
  });
  return { text: filled, nameOf: (address) => nameAmong(runs, address) };
}

function fillRun(skeleton: string, values: readonly Value[]): Run {
  const pieces: { source: string; filled: string }[] = [];
  let isAddress = /^https?:\/\//i.test(skeleton);
  let at = 0;
  for (const { start, end, number } of findMarks(skeleton)) {
    if (start > at) pieces.push({ source: skeleton.slice(at, start), filled: skeleton.slice(at, start) });
    const value = values[number];
    if (value !== undefined && isAddress) assertFits(value, roomAt(skeleton, start, end));
    if (value !== undefined)
      pieces.push({ source: value.source, filled: isAddress ? addressPart(value) : readable(value.text) });
    if (start === 0 && /^https?:\/\//i.test(value?.text ?? '')) isAddress = true;
    at = end;
  }
  if (at < skeleton.length) pieces.push({ source: skeleton.slice(at), filled: skeleton.slice(at) });
  return { skeleton, pieces, filled: pieces.map(({ filled }) => filled).join('') };
}

/** An address may end before its run does: at a bracket or a full stop. */
function nameAmong(runs: readonly Run[], address: string): string | undefined {
  const found = runs.find(({ filled }) => filled.startsWith(address));
  if (found === undefined) return undefined;
  let name = '';
  let left = address.length;
  for (const { source, filled } of found.pieces) {
    if (left <= 0) break;
    name += source === filled ? source.slice(0, left) : source;
    left -= filled.length;
  }
  return name;
}

const readable = (text: string): string =>
  text
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(/[^\P{Cc}\t\n]/gu, '');

/** One line whatever the values hold: a line end in a subject would begin a header of somebody else's choice. */
export function fillSubject({ text, values }: Skeleton): string {
  return replaceMarks(text, (number) => values[number]?.text ?? '')
    .toWellFormed()
    .replace(/[\p{Cc}\u2028\u2029\s]+/gu, ' ')
    .trim();
}
