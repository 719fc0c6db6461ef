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

/** A check that cannot be made is a finding too. */
export async function checked(
  check: string,
  look: () => Finding | readonly Finding[] | Promise<Finding | readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return [await look()].flat();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code ?? (error instanceof Error ? error.message.split('\n')[0] : String(error));
    return [failure(check, `could not be checked (${why})`, 'Put that right, then run waxwing doctor again.')];
  }
}

export const lineFor = ({ state, check, says, remedy }: Finding): string =>
  `${state.toUpperCase().padEnd(4)}  ${check}: ${says}${remedy === undefined ? '' : `. ${remedy}`}`;
