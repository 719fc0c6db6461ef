/** Decides whether a department may be moved below another one: never below itself. */
export interface DepartmentPlace {
  readonly id: string;
  readonly parentId: string | null;
}

export const maxDepartmentDepth = 20;

type Move =
  | { readonly kind: 'fine' }
  | { readonly kind: 'refused'; readonly why: 'below_itself' | 'too_deep' | 'no_such_parent' };

/** `all` are the departments as they are now; `id` may be a new one. */
export function judgeMove(all: readonly DepartmentPlace[], id: string, parentId: string | null): Move {
  const parents = new Map(all.map((one) => [one.id, one.parentId]));
  let depth = heightOf(all, id);
  for (let above = parentId; above !== null; above = parents.get(above) ?? null) {
    if (above === id) return { kind: 'refused', why: 'below_itself' };
    if (!parents.has(above)) return { kind: 'refused', why: 'no_such_parent' };
    depth += 1;
    if (depth > maxDepartmentDepth) return { kind: 'refused', why: 'too_deep' };
  }
  return { kind: 'fine' };
}

/** How many departments stand on one another from this one down, itself included. */
function heightOf(all: readonly DepartmentPlace[], id: string): number {
  let height = 0;
  for (let level = [id]; level.length > 0 && height <= maxDepartmentDepth; height += 1) {
    const within = new Set(level);
    level = all.filter((one) => one.parentId !== null && within.has(one.parentId)).map((one) => one.id);
  }
  return height;
}
