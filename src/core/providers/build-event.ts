/** Puts an event together from what an adapter read, or says what it lacks. The words never repeat what was sent. */
import type { ProviderEvent, ProviderReading } from './provider-event.ts';

export type EventParts = { readonly [Name in keyof ProviderEvent]?: ProviderEvent[Name] | null } & {
  readonly kind: ProviderEvent['kind'];
  /** What was sent where the recipient stands: an absent recipient is another fault than a wrong one. */
  readonly isForNobody?: boolean;
};

export function built(parts: EventParts): ProviderReading {
  const { eventId, atMs, messageId } = parts;
  if (atMs == null) return { kind: 'refused', reason: 'The event has no usable time.' };
  if (messageId == null) return { kind: 'refused', reason: 'The event has no usable message id.' };
  if (parts.recipient == null && parts.isForNobody !== true)
    return { kind: 'refused', reason: 'The event has no usable recipient address.' };
  if (eventId == null) return { kind: 'refused', reason: 'The event has no usable id.' };
  const isHit = parts.kind === 'open' || parts.kind === 'click';
  const told = {
    ...blank,
    ...parts,
    eventId,
    atMs,
    messageId,
    tags: parts.tags ?? [],
    recipient: parts.recipient ?? null,
  };
  const { isForNobody, ...event } = told;
  return { kind: 'event', event: { ...event, ...(isHit ? blankOfHit : blankOfNews), ...clickOnly(parts) } };
}

const blankOfHit = { mx: null, reply: null };
const blankOfNews = { ip: null, userAgent: null, url: null, says: null };
const blank = { ...blankOfHit, ...blankOfNews, campaign: null, sender: null, sentAtMs: null };

const clickOnly = ({ kind, url }: EventParts): Pick<ProviderEvent, 'url'> => ({
  url: kind === 'click' ? (url ?? null) : null,
});
