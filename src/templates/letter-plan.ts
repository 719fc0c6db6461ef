/**
 * What is kept of a letter with its message, and how one recipient's copy is made from it: words written first, then
 * links and pixel planned as for any other message. It draws no token and sends nothing.
 */
import { instrument, type Plan, readMessage } from '../core/message/index.ts';
import { type LetterPlaces, writeLetter } from '../core/message/write-letter.ts';
import { trackingUrlOctets } from '../tracking/index.ts';
import type { TemplateData } from './engine.ts';
import type { LetterSource, WrittenLetter } from './letter.ts';

/** Plain data, sealed with the message; it stands where a plan stands. */
export interface LetterPlan {
  readonly version: 'letter';
  readonly source: LetterSource;
  readonly places: LetterPlaces;
  /** As the template writes them: what is counted, for all recipients alike. */
  readonly links: readonly string[];
  readonly plainText: boolean;
  readonly honeypot: boolean;
}

/** What is kept of one recipient beside the address, sealed under the message's key. */
export interface RecipientData {
  readonly name?: string;
  readonly data?: TemplateData;
}

export interface CopyWish {
  readonly opens: boolean;
  readonly clicks: boolean;
  readonly honeypot: boolean;
  readonly trackingUrl: string;
}

export interface LetterCopy {
  readonly octets: Uint8Array;
  readonly plan: Plan;
  /** The number that a link of this copy is counted under; null: under none, so that it stays as it is. */
  numberOf(link: number): number | null;
}

export const isLetterPlan = (plan: Plan | LetterPlan): plan is LetterPlan => plan.version === 'letter';

/** What a template may name: the recipient's data, and their `name` and `email` unless the data says otherwise. */
export const templateData = (email: string, { name, data }: RecipientData): TemplateData => ({
  email,
  ...(name === undefined ? {} : { name }),
  ...data,
});

export function writeCopy(
  content: Uint8Array,
  plan: Omit<LetterPlan, 'source'>,
  written: WrittenLetter,
  wish: CopyWish,
): LetterCopy {
  const octets = writeLetter(content, plan.places, written);
  const message = readMessage(octets);
  if (message.kind === 'refused') throw new Error('a letter that was written is no message');
  const own = instrument(message, {
    opens: wish.opens,
    clicks: wish.clicks,
    plainText: plan.plainText,
    honeypot: plan.honeypot && wish.honeypot,
    ownUrls: [`${wish.trackingUrl}/`],
    urlOctetsMax: (destination) => trackingUrlOctets(wish.trackingUrl, destination),
  });
  const numbers = new Map(plan.links.map((name, number) => [name, number]));
  return {
    octets,
    plan: own,
    numberOf: (link) => numbers.get(written.nameOf(own.links[link] ?? '')) ?? null,
  };
}

/** The links of a letter as it goes to these, in the order in which they were first seen. */
export class LinkTable {
  readonly names = new Set<string>();
  private readonly shapes = new Set<string>();
  private readonly judged = new Set<string>();

  /** Looks only at what differs from those before in more than values. */
  see(written: WrittenLetter, copyOf: () => LetterCopy): void {
    const isNewShape = !this.shapes.has(written.shape) && this.shapes.size < shapesMax;
    const isNewName = [...written.names].some((name) => !this.judged.has(name));
    if (!isNewShape && !isNewName) return;
    this.shapes.add(written.shape);
    for (const name of written.names) this.judged.add(name);
    const { plan } = copyOf();
    for (const url of plan.links) this.names.add(written.nameOf(url));
  }
}

const shapesMax = 200;
