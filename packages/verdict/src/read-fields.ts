/** Reads single fields of an observation from whatever a log handed over. Nonsense is the same as missing; nothing here throws. */
import type { Observed, ObservedHeaders } from './observation.ts';

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?\s*(Z|z|[+-]\d\d:?\d\d|[+-]\d\d)?$/;

/** Milliseconds since 1970. A text without a zone is UTC: the reader's own zone must not matter. */
export function timeMs(value: unknown): number | undefined {
  if (typeof value === 'string') return isoMs(value);
  const ms = value instanceof Date ? value.getTime() : value;
  return typeof ms === 'number' && Number.isFinite(ms) ? ms : undefined;
}

function isoMs(text: string): number | undefined {
  if (text.length > 40) return undefined;
  if (isPlainUtc(text)) {
    const ms = Date.parse(text);
    return Number.isNaN(ms) ? undefined : ms;
  }
  const match = ISO.exec(text.trim());
  if (match === null) return undefined;
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '0', zone = 'Z'] = match;
  const millis = fraction.slice(0, 3).padEnd(3, '0');
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${millis}${isoZone(zone)}`);
  return Number.isNaN(ms) ? undefined : ms;
}

/** The form that programs write, with or without milliseconds: the engine reads it the same everywhere. */
function isPlainUtc(text: string): boolean {
  return (
    (text.length === 24 || text.length === 20) &&
    text.endsWith('Z') &&
    text[4] === '-' &&
    text[10] === 'T' &&
    text[13] === ':'
  );
}

function isoZone(zone: string): string {
  if (zone === 'Z' || zone === 'z') return 'Z';
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  return `${zone[0]}${digits.slice(0, 2)}:${digits.slice(2)}`;
}

/** A text that says something; logs write `-` for nothing. */
export function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  return text === '' || text === '-' ? undefined : text;
}

/** An index or a count. */
export function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** Header values by lower-case name; of a repeated header the first value. `undefined` when there were no headers at all. */
export function headersOf(observation: Pick<Observed, 'headers'>): ReadonlyMap<string, string> | undefined {
  const headers: ObservedHeaders | undefined = observation.headers;
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return undefined;
  const result = new Map<string, string>();
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    const first: unknown = Array.isArray(value) ? value[0] : value;
    if (typeof first === 'string') result.set(name.toLowerCase(), first.trim());
  }
  return result;
}
