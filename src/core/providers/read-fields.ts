/**
 * Reads single fields of what a stranger sent. A field of another type, too long or with control characters is missing;
 * nothing here throws, follows a prototype or walks deeper than it is told.
 */
import { createHash } from 'node:crypto';
import { normaliseAddress, parseAddressList } from '../message/index.ts';
import type { Fields } from './provider-event.ts';

const nobody: Fields = Object.freeze({});

export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : nobody;
}

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Own fields only: `__proto__` and `constructor` are no fields of a payload that lacks them. */
export const field = (from: unknown, name: string): unknown =>
  isFields(from) && Object.hasOwn(from, name) ? from[name] : undefined;

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Control characters, and halves of characters that no text is made of. */
const control = /[\p{Cc}\p{Cs}]/u;

/** A short text that names something. */
export function textOf(value: unknown, maxCharacters = 200): string | null {
  if (typeof value !== 'string' || value.length > maxCharacters || control.test(value)) return null;
  const text = value.trim();
  return text === '' ? null : text;
}

/** A text of which the beginning will do. */
export function cutText(value: unknown, maxCharacters: number): string | null {
  if (typeof value !== 'string') return null;
  const text = value
    .slice(0, maxCharacters)
    .replaceAll(/[\p{Cc}\p{Cs}]+/gu, ' ')
    .trim();
  return text === '' ? null : text;
}

const maxAgentCharacters = 512;
const maxUrlCharacters = 4_096;
const maxReplyCharacters = 1_000;

export const agentOf = (value: unknown): string | null => cutText(value, maxAgentCharacters);
export const replyOf = (value: unknown): string | null => cutText(value, maxReplyCharacters);
export const urlOf = (value: unknown): string | null => textOf(value, maxUrlCharacters);

export function ipOf(value: unknown): string | null {
  const text = textOf(value, 64);
  return text !== null && /^[\da-f:.]{3,45}$/i.test(text) ? text : null;
}

/** A host name; providers add an address or a port behind some. */
export function hostOf(value: unknown): string | null {
  const host = textOf(value, 300)?.split(/[\s(;,:]/, 1)[0];
  return host !== undefined && /^[a-z\d]([a-z\d-]*[a-z\d])?(\.[a-z\d]([a-z\d-]*[a-z\d])?)+\.?$/i.test(host)
    ? host.toLowerCase()
    : null;
}

/** One mailbox, however it is written, in its normal spelling. */
export function addressOf(value: unknown): string | null {
  const text = textOf(value, 600);
  if (text === null) return null;
  if (/^[a-z\d.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z\d-]+(\.[a-z\d-]+)+$/i.test(text)) return text.toLowerCase();
  const parsed = parseAddressList(text);
  if (parsed.kind !== 'addresses' || parsed.mailboxes.length !== 1) return null;
  return normaliseAddress(text);
}

const maxTags = 20;

/** Tags as a list of texts, or one text. */
export function tagsOf(value: unknown): readonly string[] {
  const given = typeof value === 'string' ? [value] : listOf(value).slice(0, maxTags);
  return given.flatMap((tag) => textOf(tag, 200) ?? []);
}

/** Before 2000 a field was not a time, and nothing happens a day from now. */
const oldestMs = 946_684_800_000;
const newestMs = 4_102_444_800_000;
const plausible = (ms: number): number | null => (ms >= oldestMs && ms < newestMs ? Math.trunc(ms) : null);

/** Seconds since 1970, as a number or as digits. */
export function secondsOf(value: unknown): number | null {
  const text = typeof value === 'string' && /^\d{9,11}(\.\d{1,9})?$/.test(value) ? Number(value) : value;
  return typeof text === 'number' && Number.isFinite(text) ? plausible(text * 1000) : null;
}

/** ISO 8601, with any number of digits behind the second; without a zone it is UTC. */
export function instantOf(value: unknown): number | null {
  if (typeof value !== 'string' || value.length > 40) return null;
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?\s?(Z|[+-]\d\d(?::?\d\d)?)?$/i.exec(
    value.trim(),
  );
  if (match === null) return null;
  const [, day, time, fraction = '0', zone = 'Z'] = match;
  const offset = /^z$/i.test(zone) ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(3).replace(':', '').padEnd(2, '0')}`;
  const ms = Date.parse(`${day}T${time}.${fraction.slice(0, 3).padEnd(3, '0')}${offset}`);
  return Number.isNaN(ms) ? null : plausible(ms);
}

/** The same parts, the same id; for events that have none of their own. */
export function derivedId(...parts: readonly (string | number | null)[]): string {
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest();
  return [...digest.subarray(0, 16)].map((octet) => octet.toString(16).padStart(2, '0')).join('');
}
