/** What a re-judging is, while it is asked for, runs and is read. Shapes only; rows stay in the stores. */
import type { Bounds } from '../core/report/days.ts';
import type { Actor } from '../platform/route.ts';
import type { MasksBeforeAndAfter, Tally } from './tally.ts';

export type RunState = 'queued' | 'running' | 'done' | 'cancelled' | 'failed';

/** Where in a recipient's hits a part of them ends. The instant is PostgreSQL's own text of it: to the microsecond. */
export interface HitPlace {
  readonly at: string;
  readonly id: string;
}

/** The last recipient whose hits are all judged. `within`: of the one after it, only the hits up to there. */
export interface Place {
  readonly at: string;
  readonly id: string;
  readonly within?: HitPlace & { readonly recipientId: string; readonly masks: MasksBeforeAndAfter };
}

/** What was asked for, by whom. */
export interface Wish {
  readonly isDryRun: boolean;
  readonly bounds: Bounds;
  readonly disabledRules: readonly string[];
  readonly ruleset: string;
  readonly askedAt: Date;
  readonly askedBy: Pick<Actor, 'kind' | 'id'>;
}

export interface Run extends Wish {
  readonly accountId: string;
  readonly id: string;
  readonly state: RunState;
  readonly why: string | null;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly expectedHits: number;
  readonly activeMs: number;
  readonly tally: Tally;
  readonly place: Place | null;
  readonly claims: number;
  /** Somebody is at it, or was until very lately. */
  readonly isHeld: boolean;
}

/** How far a run is; written in the transaction of what it changed. */
export interface Progress {
  readonly tally: Tally;
  readonly place: Place | null;
  readonly activeMs: number;
}
