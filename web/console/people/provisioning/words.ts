/** How the console speaks of provisioning. */
import type { z } from 'zod';
import type { changeProvisioning, readProvisioning } from '../../../../src/contract/provisioning.ts';

export type Provisioning = z.infer<typeof readProvisioning.result>;
export type Group = Provisioning['groups'][number];
export type Settings = z.infer<typeof changeProvisioning.result>;

const acts: readonly (readonly [string, string])[] = [
  ['list', 'looking for'],
  ['search', 'looking for'],
  ['read', 'reading'],
  ['create', 'making'],
  ['replace', 'replacing'],
  ['patch', 'changing'],
  ['delete', 'deleting'],
];

/** `patchScimUser`: “changing a user”. */
export function actWords(request: string): string {
  const act = acts.find(([name]) => request.startsWith(name))?.[1] ?? 'asking for';
  if (request.includes('Group')) return `${act} a group`;
  return request.includes('User') ? `${act} a user` : `${act} what is supported`;
}

export const withoutGroupNames: Readonly<Record<Settings['withoutGroup'], string>> = {
  default_role: 'Gets the role without a group',
  deactivate: 'Is deactivated, with all sessions and API keys',
};
