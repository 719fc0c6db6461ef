/**
 * What a reader believes: which kinds of hit count as a person's in a view, and from that whether a recipient opened
 * or clicked. The same stored masks serve every view, so that choosing one changes nothing that is stored.
 */
import { kindBit } from './kinds.ts';

export type View = 'strict' | 'balanced' | 'lenient';
export const views: readonly View[] = ['strict', 'balanced', 'lenient'];
export type Automated = 'included' | 'excluded';

const humanBitsOf: Readonly<Record<View, number>> = {
  strict: kindBit.human,
  balanced: kindBit.human | kindBit.suspected,
  lenient: kindBit.human | kindBit.suspected | kindBit.probable,
};

/** The mask of the kinds that a view takes for people. */
export const humanBits = (view: View): number => humanBitsOf[view];

export interface Masks {
  readonly opens: number;
  readonly clicks: number;
}

/** Who opened, and who clicked, one recipient's copy. */
export interface Seen {
  readonly opened: 'people' | 'machines' | null;
  readonly clicked: 'people' | 'machines' | null;
}

/**
 * A human click implies a human open of the same recipient (images may be off). A machine's click implies no open: link
 * scanners do not load the pixel, and saying that they did would invent an event.
 */
export function whoSaw(masks: Masks, view: View): Seen {
  const human = humanBits(view);
  const clickedByPerson = (masks.clicks & human) !== 0;
  const openedByPerson = clickedByPerson || (masks.opens & human) !== 0;
  return {
    opened: openedByPerson ? 'people' : masks.opens !== 0 ? 'machines' : null,
    clicked: clickedByPerson ? 'people' : masks.clicks !== 0 ? 'machines' : null,
  };
}

/** Whether the account, with its setting or a report's override, calls it opened or clicked. */
export const counts = (who: 'people' | 'machines' | null, automated: Automated): boolean =>
  who === 'people' || (who === 'machines' && automated === 'included');

export const automatedEvents = (asked: 'account' | 'include' | 'exclude', suppressed: boolean): Automated => {
  if (asked === 'account') return suppressed ? 'excluded' : 'included';
  return asked === 'include' ? 'included' : 'excluded';
};
