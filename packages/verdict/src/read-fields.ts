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
  const plainMs = plainUtcMs(text);
  if (plainMs !== undefined) return plainMs;
  const match = ISO.exec(text.trim());
  if (match === null) return undefined;
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '0', zone = 'Z'] = match;
  const millis = fraction.slice(0, 3).padEnd(3, '0');
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${millis}${isoZone(zone)}`);
  return Number.isNaN(ms) ? undefined : ms;
}

const HYPHEN = 45;
const DOT = 46;
const COLON = 58;

/** The form that programs write, with or without milliseconds, read digit by digit: most of what is judged, and no regular expression. */
function plainUtcMs(text: string): number | undefined {
  const { length } = text;
  if ((length !== 24 && length !== 20) || text[length - 1] !== 'Z' || text[10] !== 'T') return undefined;
  const hasMillis = length === 24;
  if (text.charCodeAt(4) !== HYPHEN || text.charCodeAt(7) !== HYPHEN || (hasMillis && text.charCodeAt(19) !== DOT))
    return undefined;
  if (text.charCodeAt(13) !== COLON || text.charCodeAt(16) !== COLON) return undefined;
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 7);
  const day = digits(text, 8, 10);
  const hour = digits(text, 11, 13);
  const minute = digits(text, 14, 16);
  const second = digits(text, 17, 19);
  const millis = hasMillis ? digits(text, 20, 23) : 0;
  const isPlain =
    year > 1000 && month > 0 && month < 13 && day > 0 && day < 29 && hour < 24 && minute < 60 && second < 60;
  const ms = isPlain ? Date.UTC(year, month - 1, day, hour, minute, second, millis) : Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** What is no digit makes the whole no number. */
function digits(text: string, from: number, to: number): number {
  let value = 0;
  for (let index = from; index < to; index += 1) {
    const digit = text.charCodeAt(index) - 48;
    value = digit >= 0 && digit <= 9 ? value * 10 + digit : Number.NaN;
  }
  return value;
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

const DIGITS = /^\d{1,9}$/;

/** An index or a count; some logs write numbers as texts. */
export function countOf(given: unknown): number | undefined {
  const value = typeof given === 'string' && DIGITS.test(given) ? Number(given) : given;
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
