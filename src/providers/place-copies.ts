/**
 * Corrects where messages stand in time, and which links they hold, as far as events tell: a provider names a link only
 * when somebody clicks it. Of somebody who may only be counted no link is kept.
 */
import { type LockedRecipients, placeRecipients } from '../events/index.ts';
import type { Tx } from '../platform/database.ts';
import { changeProviderMessages, loadProviderLinks } from '../sending/index.ts';
import type { Copy } from './copies.ts';
import type { EventPlan } from './plan-events.ts';

/** The index of a link in a message; null where none is kept. */
export type LinkIndexes = (messageId: string, url: string | null) => number | null;

/** A message whose links go on and on has links that are made up for each click. */
const maxLinks = 500;

interface Links {
  readonly urls: readonly string[];
  readonly added: readonly string[];
  readonly seal: (urls: readonly string[]) => Buffer;
}

export async function placeCopies(
  tx: Tx,
  plan: EventPlan,
  recipients: LockedRecipients,
  copies: readonly Copy[],
): Promise<LinkIndexes> {
  const links = await linksOf(tx, plan, copies);
  const told = copies.map(({ recipientId, messageId, acceptedAt }) => ({
    recipientId,
    acceptedAt,
    newLinkIds: (links.get(messageId)?.added ?? []).map((url) => plan.dimensionOf('link', url)),
  }));
  const moved = await placeRecipients(tx, plan.keys, recipients, plan.timeZone, told);
  const changes = copies.flatMap(({ messageId, recipientId }) => {
    const move = moved.get(recipientId);
    const own = links.get(messageId);
    if (move === undefined) return [];
    const linksSealed = own === undefined || own.added.length === 0 ? null : own.seal(own.urls);
    return [{ messageId, acceptedAt: move.acceptedAt, linkSetId: move.linkSetId, linksSealed }];
  });
  await changeProviderMessages(tx, plan.keys.accountId, changes);
  return (messageId, url) => {
    const index = url === null ? -1 : (links.get(messageId)?.urls.indexOf(url) ?? -1);
    return index < 0 ? null : index;
  };
}

async function linksOf(tx: Tx, plan: EventPlan, copies: readonly Copy[]): Promise<ReadonlyMap<string, Links>> {
  const clicked = new Map<string, readonly string[]>();
  for (const copy of copies) {
    const urls = copy.events.flatMap(({ event }) => event.url ?? []);
    if (urls.length > 0 && plan.levelOf(copy.addressIndex) === 'identified') clicked.set(copy.messageId, urls);
  }
  if (clicked.size === 0) return new Map();
  const stored = await loadProviderLinks(tx, plan.keys.accountId, [...clicked.keys()]);
  return new Map(
    stored
      .filter(({ level }) => level === 'identified')
      .map(({ messageId, linksSealed, keySealed }) => {
        const sealer = plan.keys.vault.openMessageKey(keySealed);
        const before =
          linksSealed === null ? [] : (JSON.parse(sealer.open('message.links', linksSealed).toString()) as string[]);
        const urls = [...new Set([...before, ...(clicked.get(messageId) ?? [])])].slice(0, maxLinks);
        const seal = (all: readonly string[]): Buffer => sealer.seal('message.links', JSON.stringify(all));
        return [messageId, { urls, added: urls.slice(before.length), seal }];
      }),
  );
}
