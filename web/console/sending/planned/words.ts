/** What can be done about planned mail, and how it is called. */
import type { PlannedBody } from '../../../../src/contract/planned.ts';

export type PlannedAction = 'move' | 'now' | 'cancel';

export const nameOf = ({ campaign }: Pick<PlannedBody, 'campaign'>): string => campaign ?? 'A message without campaign';
