/**
 * How much of a host name a value may make where the template has begun it: a link to `acme.example` with a value behind it
 * must not become one to `acme.example.evil.example`. It knows where a value stands and never the value's meaning.
 */
import { replaceMarks, type Value, ValueFault } from './marks.ts';

/** `label`: letters, digits and hyphens, no dot. `port`: digits. `none`: the name is whole, nothing may follow. */
export type HostRoom = 'any' | 'label' | 'port' | 'none';

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
  if (/[\\/?#]/.test(head) || rest.includes('@')) return 'any';
  const name = head.slice(head.lastIndexOf('@') + 1);
  if (name === '') return 'any';
  if (name.includes(':')) return 'port';
  const tail = rest.replace(/:.*$/, '').replace(/[.,;!)'\]]+$/, '');
  if (tail !== '') return /\..*\./.test(tail) ? 'any' : 'label';
  return name.endsWith('.') || !name.includes('.') ? 'label' : 'none';
}

/** Without marks, and without what browsers leave out. */
const asBrowsersRead = (text: string): string => replaceMarks(text, () => '').replace(/[\p{Cc}\s]/gu, '');

const fitting = { any: /^/, label: /^[a-z0-9-]*$/i, port: /^\d{0,5}$/, none: /^$/ } as const;

/** Throws ValueFault where the value would make another host of it. */
export function assertFits({ text, source }: Value, room: HostRoom): void {
  if (!fitting[room].test(text)) throw new ValueFault(`${source} would make another host of a link`);
}
