/** Departments to choose from, or none. */
import { type Department, inTreeOrder, pathOf } from './words.ts';

export const departmentChoices = (departments: readonly Department[], none = 'None') => [
  { value: '', label: none },
  ...inTreeOrder(departments).map(({ id }) => ({ value: id, label: pathOf(id, departments) })),
];
