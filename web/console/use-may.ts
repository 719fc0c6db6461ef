/** What whoever is signed in may do, by their role and by emergency access. Only what is shown follows from it: the server decides. */
import { readSession } from '../../src/contract/access.ts';
import type { Permission } from '../../src/contract/permissions.ts';
import { useEmergency } from './emergency/use-emergency.ts';
import { useCall } from './queries.ts';

export interface Need {
  /** Any one of them; absent: everybody. */
  readonly needs?: readonly Permission[];
  /** It concerns the whole account: nothing for who is narrowed to a department. */
  readonly isOfAccount?: boolean;
}

export type May = (need: Need) => boolean;

export function useMay(): May {
  const session = useCall(readSession, {}).data;
  const opened: readonly Permission[] = useEmergency().data?.current?.permissions ?? [];
  return ({ needs, isOfAccount = false }) => {
    if (needs === undefined || needs.some((one) => opened.includes(one))) return true;
    if (isOfAccount && session?.user?.reach === 'department') return false;
    return needs.some((one) => session?.permissions.includes(one) ?? false);
  };
}
