/** Which rules are tried the other way round. Kept in the address, `?try=one,other`, so that another page can lead to it. */
import { useSearchParams } from 'react-router';
import type { Rule } from './rule-words.ts';

export interface Tried {
  readonly rules: readonly Rule[];
  set(ids: readonly string[]): void;
}

export function useTried(rules: readonly Rule[]): Tried {
  const [parameters, setParameters] = useSearchParams();
  const ids = parameters.getAll('try').flatMap((value) => value.split(','));
  const set = (wanted: readonly string[]) =>
    setParameters(
      (before) => {
        const after = new URLSearchParams(before);
        after.delete('try');
        if (wanted.length > 0) after.set('try', wanted.join(','));
        return after;
      },
      { replace: true, preventScrollReset: true },
    );
  return { rules: rules.filter(({ id }) => ids.includes(id)), set };
}
