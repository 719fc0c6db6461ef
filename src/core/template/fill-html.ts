/**
 * Puts a recipient's values into an HTML skeleton, each made safe for where it stands. It also says under which name
 * each address that was made of values is counted, so that a link is one link whoever it is sent to.
 */
import { readDestination } from '../message/link-destination.ts';
import { assertFits } from './host-room.ts';
import { firstFrom, type HtmlPlace, type HtmlPlaces, htmlPlaces } from './html-places.ts';
import { addressPart, nameWithSources, type Skeleton, type Value, ValueFault, wholeAddress } from './marks.ts';

export interface Filled {
  readonly text: string;
  /** By address: the link as the template writes it. */
  readonly names: ReadonlyMap<string, string>;
}

/** Remembers the places of the last skeleton: recipients without choices in the template share it. */
export function openHtmlFiller(): (skeleton: Skeleton) => Filled {
  let last: { readonly text: string; readonly places: HtmlPlaces } | undefined;
  return (skeleton) => {
    if (last?.text !== skeleton.text) last = { text: skeleton.text, places: htmlPlaces(skeleton.text) };
    return fillHtml(skeleton, last.places);
  };
}

function fillHtml({ text, values }: Skeleton, { marks, places, links }: HtmlPlaces): Filled {
  const written = marks.map(({ number }, index) => {
    const value = values[number];
    const place = places[index];
    return value === undefined || place === undefined ? '' : writtenAt(value, place);
  });
  const piece = (from: number, to: number): string => {
    let result = '';
    let at = from;
    for (let index = firstFrom(marks, from); index < marks.length; index++) {
      const mark = marks[index];
      if (mark === undefined || mark.end > to) break;
      result += text.slice(at, mark.start) + written[index];
      at = mark.end;
    }
    return result + text.slice(at, to);
  };
  const names = new Map<string, string>();
  for (const { start, end } of links) {
    const destination = readDestination(piece(start, end));
    if (destination.kind === 'url') names.set(destination.url, nameWithSources(text.slice(start, end), values).trim());
  }
  return { text: piece(0, text.length), names };
}

function writtenAt(value: Value, place: HtmlPlace): string {
  switch (place.kind) {
    case 'text':
      return textSafe(value);
    case 'address':
      assertFits(value, place.room);
      return markupSafe(place.isWhole ? wholeAddress(value) : addressPart(value));
    case 'style':
      if (!/^[\w #%.,+-]*$/.test(value.text)) throw new ValueFault(`${value.source} cannot stand in a style`);
      return value.text;
    case 'comment':
      return '';
    default:
      throw new ValueFault(
        `${value.source} stands where no value may: in a script, a tag, a name or an attribute without quotes`,
      );
  }
}

/** No control character but tab and line end, no half character. */
const readable = (text: string): string =>
  text
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(/[^\P{Cc}\t\n]/gu, '');

function textSafe({ text, breaksLines }: Value): string {
  const safe = markupSafe(readable(text));
  return breaksLines ? safe.replaceAll('\n', '<br>\n') : safe;
}

const markupSafe = (text: string): string => text.replace(/[&<>"']/g, reference);

const reference = (char: string): string => `&#${char.codePointAt(0) ?? 0xfffd};`;
