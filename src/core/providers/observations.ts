/** A provider's opens and clicks as observations for the judge, with what the other events tell of each copy. */
import type { Observation } from '@waxwing/verdict';
import type { ProviderEvent, ProviderName } from './provider-event.ts';

export function observationsOf(provider: ProviderName, events: readonly ProviderEvent[]): Observation[] {
  const deliveries = new Map<string, ProviderEvent>();
  for (const event of events) {
    const known = deliveries.get(copyOf(event));
    if (event.kind === 'delivered' && (known === undefined || event.atMs < known.atMs))
      deliveries.set(copyOf(event), event);
  }
  const links = new LinkIndexes();
  return events.flatMap((event) => {
    if (event.kind !== 'open' && event.kind !== 'click') return [];
    return [observationOf(provider, event, event.kind, deliveries.get(copyOf(event)), links)];
  });
}

const copyOf = ({ messageId, recipient }: ProviderEvent): string => JSON.stringify([messageId, recipient]);

function observationOf(
  provider: ProviderName,
  event: ProviderEvent,
  kind: 'open' | 'click',
  delivery: ProviderEvent | undefined,
  links: LinkIndexes,
): Observation {
  const { eventId, atMs, messageId, recipient, ip, userAgent, url, says } = event;
  return {
    id: eventId,
    kind,
    at: iso(atMs),
    ...(recipient === null ? {} : { message: `${provider} ${messageId}`, recipient }),
    ...(ip === null ? {} : { ip }),
    ...(userAgent === null ? {} : { userAgent }),
    ...(url === null ? {} : { link: links.of(copyOf(event), url) }),
    ...(delivery === undefined ? {} : { deliveredAt: iso(delivery.atMs) }),
    ...(delivery === undefined || delivery.mx === null ? {} : { mx: delivery.mx }),
    ...(says === null ? {} : { providerSays: says }),
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** The order in which the links of a copy are first clicked. */
class LinkIndexes {
  readonly #copies = new Map<string, Map<string, number>>();

  of(copy: string, url: string): number {
    const known = this.#copies.get(copy) ?? new Map<string, number>();
    this.#copies.set(copy, known);
    const index = known.get(url) ?? known.size;
    known.set(url, index);
    return index;
  }
}
