/**
 * What a template becomes for one recipient before any value stands in it: its text, with a mark wherever a value goes.
 * No value is ever read as text of the template, so that none can change what stands around it.
 */

export interface Value {
  readonly text: string;
  /** `{{ name }}` as it stands in the template. */
  readonly source: string;
  /** Its last filter is `url_encode`: it is percent-encoded already. */
  readonly isEncoded: boolean;
  /** Its last filter is `newline_to_br`: line ends become elements in HTML. */
  readonly breaksLines: boolean;
}

export interface Skeleton {
  readonly text: string;
  /** By the number of their mark. */
  readonly values: readonly Value[];
}

/** Two characters for private use that no template keeps: see `withoutMarks`. */
const opening = '\uE000';
const closing = '\uE001';

/** `output` tells apart which of the template's outputs it is, so that equal texts have equal meanings. */
export const markOf = (number: number, output: number): string => `${opening}${number}.${output}${closing}`;

export const withoutMarks = (text: string): string => text.replace(/[\uE000\uE001]/g, '\uFFFD');

export interface Mark {
  readonly start: number;
  readonly end: number;
  readonly number: number;
}

export function findMarks(text: string): Mark[] {
  const marks: Mark[] = [];
  for (const match of text.matchAll(/\uE000(\d+)\.\d+\uE001/g))
    marks.push({ start: match.index, end: match.index + match[0].length, number: Number(match[1]) });
  return marks;
}

/** The text with something else in place of each mark. */
export function replaceMarks(text: string, inPlace: (number: number) => string): string {
  return text.replace(/\uE000(\d+)\.\d+\uE001/g, (_mark, number: string) => inPlace(Number(number)));
}

/** A value that cannot stand where the template puts it. It names the place in the template and nothing of the value. */
export class ValueFault extends Error {}

/** Everything that an address keeps as it is, else percent-encoded as UTF-8 (RFC 3986 §2.3). */
export function addressPart({ text, isEncoded }: Value): string {
  if (isEncoded && /^[\w\-.~%+!*'()]*$/.test(text)) return text;
  return encodeURIComponent(text.toWellFormed());
}

/** A value that is an address, or begins one. Only kinds that a mail client may open. */
export function wholeAddress({ text, source }: Value): string {
  const address = text.trim();
  if (address === '') return '';
  if (!/^(?:https?:\/\/|mailto:|tel:|#)/i.test(address))
    throw new ValueFault(`${source} is no web, mail or phone address`);
  return address.replace(/[^\x21-\x7e]|["<>\\^`{|}]/gu, (char) => encodeURIComponent(char.toWellFormed()));
}

/** How a link is called for all recipients: its values as the template names them. */
export const nameWithSources = (text: string, values: readonly Value[]): string =>
  replaceMarks(text, (number) => values[number]?.source ?? '');
