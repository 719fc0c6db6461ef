/**
 * What of a provider's deliveries, deferrals and bounces is still news. A provider's calls overtake each other, so not the
 * last one counts but the one that ends the matter: a bounce ends it, a delivery ends waiting.
 */
import type { ProviderEvent, ProviderName } from '../core/providers/provider-event.ts';
import type { DeliveryOutcome, KeyedMessage, LockedRecipients } from '../events/index.ts';
import type { Sealer } from '../platform/vault.ts';
import type { Copy } from './copies.ts';

type Kind = DeliveryOutcome['kind'];
const ranks: Readonly<Record<Kind, number>> = { deferred: 0, delivered: 1, bounced: 2, dropped: 2 };
const isOutcome = (kind: ProviderEvent['kind']): kind is Kind => Object.hasOwn(ranks, kind);

interface Known {
  readonly recipients: LockedRecipients;
  readonly messages: ReadonlyMap<string, KeyedMessage>;
}

export const outcomesOf = (
  provider: ProviderName,
  { recipients, messages }: Known,
  copies: readonly Copy[],
): DeliveryOutcome[] =>
  copies.flatMap((copy) => {
    const status = recipients.get(copy.recipientId)?.status;
    if (status === 'bounced' || status === 'dropped') return [];
    const sealer = messages.get(copy.messageId)?.sealer ?? erased;
    const told = copy.events.flatMap(({ event }) => outcomeOf(provider, copy.recipientId, event, sealer));
    told.sort((one, other) => ranks[one.kind] - ranks[other.kind] || one.at.getTime() - other.at.getTime());
    const end = told.findIndex(({ kind }) => ranks[kind] === ranks.bounced);
    return end < 0 ? told : told.slice(0, end + 1);
  });

const erased = (): null => null;

/** The moment is the receiving server's own: that is when providers say `delivered`. */
function outcomeOf(
  provider: ProviderName,
  recipientId: string,
  event: ProviderEvent,
  sealer: () => Sealer | null,
): DeliveryOutcome[] {
  const { kind, atMs, mx, reply } = event;
  if (!isOutcome(kind)) return [];
  const detail = { host: mx, reply, why: `told by ${provider}` };
  return [
    {
      recipientId,
      kind,
      at: new Date(atMs),
      detail,
      sealer: sealer(),
      ...(kind === 'delivered' ? { via: 'mx' as const } : {}),
      ...(mx === null ? {} : { gatewayMx: { host: mx, source: 'delivery' as const } }),
    },
  ];
}
