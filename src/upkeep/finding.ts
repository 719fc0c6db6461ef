/** What the doctor says of one thing, and how it is put. */

export interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'warn' | 'fail';
  /** What is so. */
  readonly says: string;
  /** What to do; none where all is well. */
  readonly remedy?: string;
}

export const fine = (check: string, says: string): Finding => ({ check, state: 'ok', says });
export const warning = (check: string, says: string, remedy: string): Finding => ({
  check,
  state: 'warn',
  says,
  remedy,
});
export const failure = (check: string, says: string, remedy: string): Finding => ({
  check,
  state: 'fail',
  says,
  remedy,
});

/** A check that cannot be made is a finding too; so is one that takes longer than it may. */
export async function checked(
  check: string,
  look: () => Finding | readonly Finding[] | Promise<Finding | readonly Finding[]>,
  withinMs?: number,
): Promise<readonly Finding[]> {
  const late = Promise.withResolvers<Finding>();
  const timer =
    withinMs === undefined ? undefined : setTimeout(() => late.resolve(tookTooLong(check, withinMs)), withinMs);
  try {
    const looking = Promise.resolve().then(look);
    looking.catch(() => undefined); // after its time nobody listens any more
    return [await Promise.race([looking, late.promise])].flat();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code ?? (error instanceof Error ? error.message.split('\n')[0] : String(error));
    return [failure(check, `could not be checked (${why})`, 'Put that right, then run waxwing doctor again.')];
  } finally {
    clearTimeout(timer);
  }
}

const tookTooLong = (check: string, withinMs: number): Finding =>
  warning(
    check,
    `was not done in ${withinMs / 1000} s`,
    'Run waxwing doctor on the server: there it may take its time.',
  );

const ranks: Readonly<Record<Finding['state'], number>> = { fail: 0, warn: 1, ok: 2 };

export const worstFirst = (findings: readonly Finding[]): readonly Finding[] =>
  findings.toSorted((a, b) => ranks[a.state] - ranks[b.state]);

export const lineFor = ({ state, check, says, remedy }: Finding): string =>
  `${state.toUpperCase().padEnd(4)}  ${check}: ${says}${remedy === undefined ? '' : `. ${remedy}`}`;
