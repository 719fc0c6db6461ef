/**
 * How much of a host name a value may make where the template writes a part of it: a link to `acme.example` must not become one
 * to `acme.example.evil.example` by a value behind it, nor to `evil.example` or `evil-acme.example` by one in front. It knows
 * where a value stands and never the value's meaning.
 */
import { replaceMarks, type Value, ValueFault } from './marks.ts';

/**
 * `label`: letters, digits and hyphens, no dot. `port`: digits. `none`: the name is whole, nothing may follow. `labels`: more of a
 * name whose end the template writes. `front`: whole labels only, since what follows is a name already. `login`: in front of an @.
 */
export type HostRoom = 'any' | 'label' | 'port' | 'none' | 'labels' | 'front' | 'login';

/** As browsers read it (WHATWG URL §4.4): any slashes, or none behind a scheme. */
const beginning = /^(?:https?:[\\/]*|[\\/]{2})/i;

/** Host names end long before (RFC 1035 §2.3.4), with all that may stand in front of one. */
const soon = 2_000;

/** Of the mark that stands from `start` to `end` in an address, as the template writes it. */
export function roomAt(address: string, start: number, end: number, decode = (text: string) => text): HostRoom {
  return start > soon ? 'any' : hostRoom(decode(address.slice(0, start)), decode(address.slice(end, end + soon)));
}

function hostRoom(before: string, after: string): HostRoom {
  const written = asBrowsersRead(before);
  const scheme = beginning.exec(written)?.[0];
  if (scheme === undefined) return 'any';
  const head = written.slice(scheme.length);
  const rest = /^[^\\/?#]*/.exec(asBrowsersRead(after))?.[0] ?? '';
  if (/[\\/?#]/.test(head)) return 'any';
  if (rest.includes('@')) return 'login';
  const name = head.slice(head.lastIndexOf('@') + 1);
  const tail = rest.replace(/:.*$/, '').replace(/[.,;!)'\]]+$/, '');
  if (name === '') return roomInFront(tail);
  if (name.includes(':')) return 'port';
  if (tail !== '') return /\..*\./.test(tail) ? 'labels' : 'label';
  return name.endsWith('.') || !name.includes('.') ? 'label' : 'none';
}

/** Where the value is the first that is known of the name. What is no name, as a bracket or an asterisk, ends the address. */
function roomInFront(tail: string): HostRoom {
  if (!/[\p{L}\p{N}]/u.test(tail)) return 'any';
  if (/^[.\u3002\uff0e\uff61]/.test(tail)) return 'labels';
  // Without a dot between them the value would be a part of the tail's first label: of `acme`, which somebody else can register
  // with more in front; not of `-shop` in `-shop.acme.example`.
  const labels = tail.split('.').length;
  return labels <= (sharedEnding.test(tail) ? 3 : 2) ? 'front' : 'labels';
}

/** Under which names are registered, as under `example`; the list of all is long, and these are what most are. */
const sharedEnding = /\.(?:ac|co|com|edu|gob|gov|go|gen|ltd|mil|ne|net|nhs|nom|or|org|plc|sch)\.[a-z]{2}$/i;

/** Without marks, and without what browsers leave out. */
const asBrowsersRead = (text: string): string => replaceMarks(text, () => '').replace(/[\p{Cc}\s]/gu, '');

const fitting = {
  any: /^/,
  label: /^[a-z0-9-]*$/i,
  port: /^\d{0,5}$/,
  none: /^$/,
  labels: /^[\w.-]*$/,
  front: /^(?:[\w.-]*\.)?$/,
  // Percent-encoded they are harmless, for whoever reads addresses by the standard.
  login: /^(?!.*%(?:2f|3f|5c|23))[^\\/?#\s\p{Cc}]*$/iu,
} as const;

/** Throws ValueFault where the value would make another host of it. */
export function assertFits({ text, source }: Value, room: HostRoom): void {
  // U+FF0F and its like are taken for what they look like (UTS #46 §4, RFC 3491 §3).
  if (!fitting[room].test(text) || !fitting[room].test(text.normalize('NFKC')))
    throw new ValueFault(`${source} would make another host of a link`);
}
