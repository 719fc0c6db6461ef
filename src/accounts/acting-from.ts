/**
 * From where a caller acts, for the audit log; and refusals of callers who are known, told there once a minute each with
 * their number, so that nobody floods the log. It refuses nobody itself.
 */
import { record, sealAddress } from '../audit/index.ts';
import type { AuditDetails } from '../contract/audit-actions.ts';
import type { Caller, RoutePermission } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { accountVault } from './account-vault.ts';

type Needs = Pick<World, 'db' | 'vault' | 'clock' | 'log'>;

export async function actingFrom(world: Needs, caller: Caller, address: string): Promise<Caller> {
  const vault = await accountVault(world, caller.accountId);
  return { ...caller, actor: { ...caller.actor, address: sealAddress(vault, address) } };
}

export interface Refusal {
  readonly caller: Caller;
  readonly address: string;
  readonly permission: RoutePermission;
  readonly code: AuditDetails['access.refused']['code'];
}

const windowMs = 60_000;
/** Beyond this nothing more is told: memory is not filled by refusals. */
const mostWindows = 10_000;

/** Resolves when it is told, or counted for later; a refusal that cannot be told stays a refusal. */
export function refusalNotes(world: Needs, everyMs: number = windowMs): (refusal: Refusal) => Promise<void> {
  /** How many came since the entry that told of the first. */
  const windows = new Map<string, number>();
  const tell = (refusal: Refusal, times: number): Promise<void> =>
    writeRefusal(world, refusal, times).catch(() => {
      world.log.warn({ accountId: refusal.caller.accountId }, 'a refusal could not be written to the audit log');
    });
  const endWindow = (name: string, refusal: Refusal): void => {
    const times = windows.get(name) ?? 0;
    windows.delete(name);
    if (times > 0) void tell(refusal, times);
  };
  return async (refusal) => {
    const { caller, permission, code } = refusal;
    const name = `${caller.accountId} ${caller.actor.kind} ${caller.actor.id} ${permission} ${code}`;
    const counted = windows.get(name);
    if (counted !== undefined) windows.set(name, counted + 1);
    if (counted !== undefined || windows.size >= mostWindows) return;
    windows.set(name, 0);
    setTimeout(() => endWindow(name, refusal), everyMs).unref();
    await tell(refusal, 1);
  };
}

async function writeRefusal(
  world: Needs,
  { caller, address, permission, code }: Refusal,
  times: number,
): Promise<void> {
  const { accountId, actor } = await actingFrom(world, caller, address);
  await world.db.asAccount(accountId, (tx) =>
    record(tx, {
      at: world.clock.now(),
      actor,
      action: 'access.refused',
      object: { kind: 'permission', id: permission },
      outcome: 'refused',
      detail: { code, times },
    }),
  );
}
