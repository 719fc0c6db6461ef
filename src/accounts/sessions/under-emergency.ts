/**
 * What an open emergency access of a session adds to its caller: its permissions and the whole account, for what it opens
 * and for nothing else, and its mark on everything. The emergency area writes the row; this only reads it.
 */
import type { Permission } from '../../contract/permissions.ts';
import type { Caller, RoutePermission } from '../../platform/route.ts';

export interface OpenEmergency {
  readonly id: string;
  readonly endsAt: Date;
  readonly permissions: readonly Permission[];
}

interface EmergencyColumns {
  readonly emergencyId: string | null;
  readonly emergencyEndsAt: Date;
  readonly emergencyPermissions: readonly Permission[];
}

export const emergencyOf = (found: EmergencyColumns): OpenEmergency | undefined =>
  found.emergencyId === null
    ? undefined
    : { id: found.emergencyId, endsAt: found.emergencyEndsAt, permissions: found.emergencyPermissions };

/** The caller of a request that asks for this permission. What it does not open is decided as without it. */
export function underEmergency(
  caller: Caller,
  emergency: OpenEmergency | undefined,
  permission: RoutePermission,
  now: Date,
): Caller {
  const { actor } = caller;
  if (emergency === undefined || now >= emergency.endsAt || actor.kind !== 'user') return caller;
  const marked: Caller = { ...caller, actor: { ...actor, emergencyId: emergency.id } };
  if (permission === 'session' || !emergency.permissions.includes(permission)) return marked;
  const { departments: _, ...whole } = marked;
  return { ...whole, permissions: caller.permissions && [...caller.permissions, ...emergency.permissions] };
}
