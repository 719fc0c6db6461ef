/** What a rule is. Rules say what they see in evidence; how their findings add up is for `combine.ts` alone. */
import type { Evidence } from '../evidence.ts';
import type { Scene } from '../scene.ts';

/** Weak signs only add up across families: two signs of one family are one sign. */
export type Family = 'network' | 'shape' | 'timing' | 'agent' | 'token' | 'headers';
export type Strength = 'certain' | 'probable' | 'weak';
export type Kind = 'open' | 'click';

/** A sign of a machine. */
export interface Finding {
  readonly strength: Strength;
  /** One sentence for people; figures allowed, addresses, agents and URLs never. */
  readonly text: string;
  readonly actor?: string;
  readonly unknowable?: true;
}

/** A sign of a person. */
export interface Support {
  readonly text: string;
  /** Machine signs of these families mean nothing here: that is how the person's own provider behaves. */
  readonly shields?: readonly Family[];
  /** Only weak signs of the shielded families are dropped. */
  readonly shieldsWeakOnly?: true;
  /** Positive evidence: cancels every weak sign. */
  readonly cancelsWeak?: true;
}

interface RuleFacts {
  readonly id: string;
  /** One plain sentence for people. */
  readonly text: string;
  readonly kinds: readonly Kind[];
  /** `hit`: sees one request; `sequence`: needs the other hits of the copy; `settled`: needs their verdicts too. */
  readonly needs: 'hit' | 'sequence' | 'settled';
  readonly source: string;
}

export interface MachineRule extends RuleFacts {
  readonly says: 'machine';
  readonly family: Family;
  /** The strengths it can have, for the documentation. */
  readonly strengths: readonly Strength[];
  readonly find: (hit: Evidence, scene: Scene) => Finding | undefined;
}

export interface PersonRule extends RuleFacts {
  readonly says: 'person';
  readonly find: (hit: Evidence, scene: Scene) => Support | undefined;
}

export type Rule = MachineRule | PersonRule;
