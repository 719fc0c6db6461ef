/** One kind of refusal: its HTTP status, what was wrong, and what to do. */

export interface ProblemKind {
  readonly status: number;
  readonly title: string;
  readonly remedy: string;
}

export const kind = (status: number, title: string, remedy: string): ProblemKind => ({ status, title, remedy });
