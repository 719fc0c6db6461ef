/** Rows of single links: clicks of each, divided by the recipients who were sent it. Opens belong to no link. */
import type { Counts } from '../core/report/rates.ts';
import { type AccountKeys, linksOf } from '../events/index.ts';
import type { Tx } from '../platform/database.ts';
import { namesOf } from './dimension-names.ts';
import {
  type CellQuestion,
  type CountedGroup,
  type CountedLink,
  countClickedLinks,
  countGroups,
} from './engagement-store.ts';

export interface LinkRow {
  readonly key: string | null;
  readonly counts: Counts;
  readonly firstAcceptedDay: string;
  readonly lastAcceptedDay: string;
}

export async function countLinks(tx: Tx, keys: AccountKeys, question: CellQuestion): Promise<LinkRow[]> {
  const sets = await countGroups(tx, { ...question, grain: 'link-set', column: 'key_id' });
  const members = await namesOf(
    tx,
    keys,
    sets.map(({ group }) => Number(group)),
  );
  const clicked = new Map((await countClickedLinks(tx, question)).map((link) => [link.linkId, link]));
  const sent = sentLinks(sets, members);
  const urls = await namesOf(tx, keys, [...sent.keys()]);
  return [...sent]
    .map(([linkId, copies]) => linkRow(urls.get(linkId) ?? null, copies, clicked.get(linkId)))
    .sort((a, b) => total(b.counts) - total(a.counts) || b.counts.sent - a.counts.sent);
}

const total = (counts: Counts): number => counts.clickedByPeople + counts.clickedByMachines;

type Copies = Pick<Counts, 'sent' | 'delivered' | 'bounced' | 'deferred' | 'unsubscribed' | 'complained'> &
  Pick<LinkRow, 'firstAcceptedDay' | 'lastAcceptedDay'>;

/** A copy that holds a link twice was sent it once. */
function sentLinks(sets: readonly CountedGroup[], members: ReadonlyMap<number, string>): Map<number, Copies> {
  const sent = new Map<number, Copies>();
  for (const set of sets) {
    const value = members.get(Number(set.group));
    for (const linkId of new Set(value === undefined ? [] : linksOf(Buffer.from(value)))) {
      const before = sent.get(linkId);
      sent.set(linkId, before === undefined ? set : addCopies(before, set));
    }
  }
  return sent;
}

/** The first and last day of several spans. Days sort as text. */
export function daySpan(spans: readonly Pick<LinkRow, 'firstAcceptedDay' | 'lastAcceptedDay'>[]) {
  const days = spans.flatMap((span) => [span.firstAcceptedDay, span.lastAcceptedDay]).sort();
  return { firstAcceptedDay: days[0] ?? '', lastAcceptedDay: days.at(-1) ?? '' };
}

const addCopies = (a: Copies, b: Copies): Copies => ({
  sent: a.sent + b.sent,
  delivered: a.delivered + b.delivered,
  bounced: a.bounced + b.bounced,
  deferred: a.deferred + b.deferred,
  unsubscribed: a.unsubscribed + b.unsubscribed,
  complained: a.complained + b.complained,
  ...daySpan([a, b]),
});

function linkRow(key: string | null, copies: Copies, clicked: CountedLink | undefined): LinkRow {
  const { sent, delivered, bounced, deferred, unsubscribed, complained, firstAcceptedDay, lastAcceptedDay } = copies;
  const { clickedByPeople = 0, clickedByMachines = 0 } = clicked ?? {};
  const counts = {
    sent,
    delivered,
    bounced,
    deferred,
    unsubscribed,
    complained,
    openedByPeople: null,
    openedByMachines: null,
    clickedByPeople,
    clickedByMachines,
  };
  return { key, counts, firstAcceptedDay, lastAcceptedDay };
}
