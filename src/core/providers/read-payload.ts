/**
 * Reads a whole payload of a provider: what is well formed is taken, what is not is refused with its place and a reason,
 * what reports have no use for is counted. Pure: signatures, clocks and rows are others' work.
 */
import { readMailgun } from './mailgun.ts';
import { readMandrill } from './mandrill.ts';
import { readPostmark } from './postmark.ts';
import type { Fields, ProviderEvent, ProviderName, ReadItem } from './provider-event.ts';
import { field, isFields } from './read-fields.ts';
import { readResend } from './resend.ts';
import { readSendGrid } from './sendgrid.ts';
import { readSes } from './ses.ts';
import { readSparkPost } from './sparkpost.ts';

export const maxEventsAtOnce = 10_000;

const readers: Readonly<Record<ProviderName, ReadItem>> = {
  sendgrid: readSendGrid,
  mailgun: readMailgun,
  postmark: readPostmark,
  ses: readSes,
  sparkpost: readSparkPost,
  resend: readResend,
  mandrill: readMandrill,
};

export interface Refusal {
  /** The place in the payload. */
  readonly index: number;
  readonly reason: string;
}

export interface PlacedEvent {
  readonly index: number;
  readonly event: ProviderEvent;
}

export type PayloadReading =
  | {
      readonly kind: 'read';
      readonly events: readonly PlacedEvent[];
      readonly ignored: number;
      readonly refused: readonly Refusal[];
    }
  | { readonly kind: 'too-many' }
  | { readonly kind: 'not-a-payload' };

/** `nowMs` only refuses what claims to come from the future. */
export function readPayload(provider: ProviderName, payload: unknown, nowMs: number): PayloadReading {
  const items = itemsOf(provider, payload);
  if (items === undefined) return { kind: 'not-a-payload' };
  if (items.length > maxEventsAtOnce) return { kind: 'too-many' };
  const events: PlacedEvent[] = [];
  const refused: Refusal[] = [];
  let ignored = 0;
  items.forEach((item, index) => {
    const readings = isFields(item)
      ? readers[provider](item)
      : [{ kind: 'refused' as const, reason: 'The event is not a JSON object.' }];
    for (const reading of readings) {
      if (reading.kind === 'ignored') ignored += 1;
      else if (reading.kind === 'refused') refused.push({ index, reason: reading.reason });
      else if (reading.event.atMs > nowMs + futureMs) refused.push({ index, reason: 'The event lies in the future.' });
      else events.push({ index, event: reading.event });
    }
  });
  return { kind: 'read', events, ignored, refused };
}

/** Clocks differ, but not by a day. */
const futureMs = 24 * 3_600_000;

/** What the pages of providers' own event APIs put around their list. */
const wrappers = ['items', 'mandrill_events', 'results', 'events'];

/** Every provider's batch, whether it comes as an array, one object or a page of its events API. */
function itemsOf(provider: ProviderName, payload: unknown): readonly unknown[] | undefined {
  if (Array.isArray(payload)) return payload;
  if (!isFields(payload)) return undefined;
  const list = provider === 'mailgun' || provider === 'mandrill' ? wrappedList(payload) : undefined;
  return list ?? [payload];
}

function wrappedList(payload: Fields): readonly unknown[] | undefined {
  for (const name of wrappers) {
    const list = field(payload, name);
    if (Array.isArray(list)) return list;
  }
  return undefined;
}
