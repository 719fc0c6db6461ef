/**
 * The plan of a message: where its copies differ from what was submitted. Plain data, made once at acceptance, kept with the
 * message (it holds destinations: seal it like a body) and rendered for every recipient.
 */
import type { Seal } from './body-leaves.ts';
import type { ClosedReason } from './leaf-text.ts';
import type { LeftReason } from './link-destination.ts';
import type { HeaderEdits } from './prepare-headers.ts';
import type { PixelPlace } from './scan-html.ts';

/** Why nothing of the body may be touched. */
export type UntouchedReason = Seal | 'pgp-inline' | 'not-asked' | 'no-body';

/** The `link` of an edit when it is no link. */
export const pixelEdit = -1;
export const lineBreakEdit = -2;
/** The link that no person can see or reach. */
export const honeypotEdit = -3;

/** An element of ours that is put in, where nothing stood. */
export const isOwnTag = (link: number): boolean => link === pixelEdit || link === honeypotEdit;

/**
 * One edit: replace [start, end). `start` and `end` count octets of the message, or of the decoded body for base64.
 * quoted-printable: `column` where the replacement begins (-1: where the last one left off), `rest` octets that must follow on its line.
 * raw: `column` is the room for the address in octets, for an element of ours 1 when it needs lines of its own.
 */
export type Edit = readonly [start: number, end: number, link: number, column: number, rest: number];

export interface LeafPlan {
  readonly encoding: 'raw' | 'quoted-printable' | 'base64';
  readonly isMarkup: boolean;
  /** The body in the message, encoded. */
  readonly start: number;
  readonly end: number;
  /** base64 only: octets of a character, byte order, characters on a line. */
  readonly unitOctets: 1 | 2 | 4;
  readonly isBigEndian: boolean;
  readonly lineWidth: number;
  readonly edits: readonly Edit[];
}

export interface Plan {
  readonly version: 1;
  /** Octets of the message it was made for. */
  readonly sizeBytes: number;
  /** Distinct destinations in order of appearance, those of HTML first; `clickUrl` is asked for these. */
  readonly links: readonly string[];
  readonly pixel: PixelPlace | null;
  /** Set when no part was changed, with the reason. */
  readonly untouched: UntouchedReason | null;
  /** Links and parts left as they are, by reason. */
  readonly left: readonly { readonly reason: LeftReason | ClosedReason; readonly count: number }[];
  readonly header: HeaderEdits;
  /** In the order of the message. */
  readonly leaves: readonly LeafPlan[];
}
