/**
 * Whether the body of a POST to an unsubscribe link is somebody's will: the one pair that RFC 8058 names, in either of its
 * two forms (§3.2). The page's own button sends the same pair and one more. Anything else is no will, whatever it says.
 */

export type UnsubscribeWill = 'one-click' | 'page';

/** What the page's button sends beside the pair of RFC 8058. */
export const pageField = { name: 'Waxwing-Page', value: 'confirmed' } as const;
export const oneClickField = { name: 'List-Unsubscribe', value: 'One-Click' } as const;

/** Enough for the pair, a boundary and what a client may add; a body beyond it is not read to its end. */
export const bodyBytesMax = 16 * 1024;

/** Null: nothing that acts. An absent content type is read as a form: some clients send none. */
export function readWill(contentType: string | undefined, body: Uint8Array): UnsubscribeWill | null {
  const [type = ''] = (contentType ?? 'application/x-www-form-urlencoded').toLowerCase().split(';');
  const text = latin1(body);
  const fields =
    type.trim() === 'application/x-www-form-urlencoded'
      ? text.split('&').slice(0, fieldsMax).map(pairOf)
      : type.trim() === 'multipart/form-data'
        ? multipartFields(contentType ?? '', text)
        : [];
  if (!fields.some((field) => isField(field, oneClickField))) return null;
  return fields.some((field) => isField(field, pageField)) ? 'page' : 'one-click';
}

type Field = readonly [name: string, value: string];

/** Letters of either case: what is meant is beyond doubt. */
const isField = ([name, value]: Field, wanted: { readonly name: string; readonly value: string }): boolean =>
  name.trim().toLowerCase() === wanted.name.toLowerCase() && value.trim().toLowerCase() === wanted.value.toLowerCase();

const fieldsMax = 64;

/** https://url.spec.whatwg.org/#urlencoded-parsing; what cannot be decoded stays as it is. */
function pairOf(text: string): Field {
  const [name = '', ...value] = text.split('=');
  return [decoded(name), decoded(value.join('='))];
}

function decoded(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}

const boundaryIn = /;[ \t]*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i; // RFC 2046 §5.1.1: 70 characters at most
const nameIn = /^content-disposition:[ \t]*form-data;(?:.*;)?[ \t]*name=(?:"([^"\r\n]*)"|([^\s;"]+))/im;
const partsMax = 16;

/** RFC 7578. A part is its fields, an empty line and its value. */
function multipartFields(contentType: string, text: string): Field[] {
  const found = boundaryIn.exec(contentType);
  const boundary = found?.[1] ?? found?.[2];
  if (boundary === undefined) return [];
  const parts = `\r\n${text.replaceAll(/\r?\n/g, '\r\n')}`.split(`\r\n--${boundary}`).slice(1, partsMax);
  return parts.flatMap((part): Field[] => {
    const valueAt = part.indexOf('\r\n\r\n');
    if (part.startsWith('--') || valueAt === -1) return [];
    const name = nameIn.exec(part.slice(0, valueAt));
    return name === null ? [] : [[name[1] ?? name[2] ?? '', part.slice(valueAt + 4)]];
  });
}

function latin1(octets: Uint8Array): string {
  let text = '';
  for (const octet of octets) text += String.fromCharCode(octet);
  return text;
}
