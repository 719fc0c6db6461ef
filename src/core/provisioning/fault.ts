/** What is wrong with a SCIM request, in the words of RFC 7644 §3.12. It never holds what the caller sent. */
export type FaultKind =
  | 'invalidFilter'
  | 'invalidPath'
  | 'invalidSyntax'
  | 'invalidValue'
  | 'mutability'
  | 'noTarget'
  | 'tooMany';

/** Thrown where it is found; whoever takes requests answers it as a problem with a documented code. */
export class ScimFault extends Error {
  readonly kind: FaultKind;
  /** The attribute of ours that it is about, and what it should be; never a value. */
  readonly field: string;
  readonly should: string;

  constructor(kind: FaultKind, field: string, should: string) {
    super(`${kind}: ${field} ${should}`);
    this.kind = kind;
    this.field = field;
    this.should = should;
  }
}
