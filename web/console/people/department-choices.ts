/** Departments to choose from, or none. */
import { type Department, pathOf } from './words.ts';

export const departmentChoices = (departments: readonly Department[]) => [
  { value: '', label: 'None' },
  ...departments.map(({ id }) => ({ value: id, label: pathOf(id, departments) })),
];
