/** After a change everything that shows suppressions is asked again. */
import { listSuppressions, readSuppression } from '../../../../src/contract/suppressions.ts';
import { queries } from '../../queries.ts';

export function refreshSuppressions(): void {
  void queries.invalidateQueries({ queryKey: [listSuppressions.name] });
  void queries.invalidateQueries({ queryKey: [readSuppression.name] });
}
