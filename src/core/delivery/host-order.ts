/** Decides in which order hosts are tried: by priority, within one by weight and chance, and those that rest last. */

interface Placed {
  readonly priority: number;
  readonly weight: number;
}

/**
 * RFC 2782’s way: of one priority, each comes first as often as its weight is of the sum, then the same among the rest.
 * @param chance from 0 up to 1, asked once a place.
 */
export function orderHosts<Host extends Placed>(hosts: readonly Host[], chance: () => number): Host[] {
  const byPriority = Map.groupBy(hosts, ({ priority }) => priority);
  return [...byPriority.keys()]
    .toSorted((one, other) => one - other)
    .flatMap((priority) => drawn(byPriority.get(priority) ?? [], chance));
}

function drawn<Host extends Placed>(hosts: readonly Host[], chance: () => number): Host[] {
  const left = [...hosts];
  const order: Host[] = [];
  while (left.length > 1) {
    const sum = left.reduce((total, { weight }) => total + weight, 0);
    let place = chance() * sum;
    const index = left.findIndex(({ weight }) => {
      place -= weight;
      return place < 0;
    });
    order.push(...left.splice(Math.max(index, 0), 1));
  }
  return [...order, ...left];
}

/** One that rests is not passed over for good: where nobody else takes the copy, it is asked all the same. */
export const restingLast = <Host>(hosts: readonly Host[], isResting: (host: Host) => boolean): Host[] => {
  const resting = new Set(hosts.filter(isResting));
  return [...hosts.filter((host) => !resting.has(host)), ...resting];
};

/**
 * RFC 5321 §5.1: where one of a domain’s hosts is this server itself, it and all that are not preferred to it are dropped,
 * so that mail never goes in a circle.
 */
export function withoutOwn<Host extends { readonly preference: number }>(
  hosts: readonly Host[],
  isOwn: (host: Host) => boolean,
): Host[] {
  const own = Math.min(...hosts.filter(isOwn).map(({ preference }) => preference));
  return hosts.filter(({ preference }) => preference < own);
}
