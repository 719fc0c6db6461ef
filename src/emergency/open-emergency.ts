/** Opens emergency access for one session, tells the audit log why in a word, and alerts whoever answers for it. */
import { accountVault, type Gate, isSessionOpen, raiseAlert, readRole } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import type { EmergencyAccessBody, EmergencyCategory } from '../contract/emergency.ts';
import { emergencyPermissions } from '../contract/permissions.ts';
import { Problem } from '../contract/problem.ts';
import type { Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { describeEmergency } from './describe-emergency.ts';
import { endWhatIsOver } from './end-emergency.ts';
import { personOf } from './person.ts';
import { insertEmergency, type NewEmergency, readEmergencyRow, readSettingsRow } from './store.ts';

export interface EmergencyWish {
  readonly category: EmergencyCategory;
  readonly reason: string;
  readonly minutes?: number | undefined;
  readonly permissions?: readonly EmergencyAccessBody['permissions'][number][] | undefined;
}

export type Needs = Pick<World, 'db' | 'vault' | 'clock'>;

const usualMinutes = 60;
/** From its opening, and again as long as nobody has reviewed it. */
export const remindEveryMs = 24 * 3_600_000;

export async function openEmergency(
  world: Needs,
  gate: Gate,
  caller: Caller,
  wish: EmergencyWish,
): Promise<EmergencyAccessBody> {
  const { sessionId, userId } = personOf(caller);
  const vault = await accountVault(world, caller.accountId);
  const [at, reasonSealed] = [world.clock.now(), vault.seal('emergency.reason', wish.reason)];
  const id = newId(at);
  const body = await world.db.asAccount(caller.accountId, async (tx) => {
    // The gate may hear of the session's end a moment later than the database.
    if (!(await isSessionOpen(tx, sessionId, at))) throw new Problem('auth.invalid');
    const minutes = await allowedMinutes(tx, userId, wish);
    const permissions = [...new Set(wish.permissions ?? emergencyPermissions)];
    await endWhatIsOver(tx, at);
    const made = { id, sessionId, userId, category: wish.category, reasonSealed, permissions, openedAt: at };
    await insert(tx, made, minutes);
    const detail = { category: wish.category, minutes, permissions };
    await record(tx, {
      at,
      actor: caller.actor,
      action: 'emergency.opened',
      object: { kind: 'emergency', id },
      detail,
    });
    await raiseAlert(tx, { at, what: 'emergency_opened', userId, detail: { emergencyId: id } });
    const row = await readEmergencyRow(tx, id);
    if (row === undefined) throw new Error('an emergency access that was just opened is not there');
    return describeEmergency(tx, vault, row, at);
  });
  gate.forget(sessionId);
  return body;
}

async function insert(tx: Tx, made: Omit<NewEmergency, 'endsAt' | 'remindAt'>, minutes: number): Promise<void> {
  const openedMs = made.openedAt.getTime();
  const times = { endsAt: new Date(openedMs + minutes * 60_000), remindAt: new Date(openedMs + remindEveryMs) };
  if (!(await insertEmergency(tx, { ...made, ...times }))) throw new Problem('emergency.open_already');
}

async function allowedMinutes(tx: Tx, userId: string, { minutes }: EmergencyWish): Promise<number> {
  const { openers, maxMinutes } = await readSettingsRow(tx);
  const role = await readRole(tx, userId);
  if (role === undefined || !openers.includes(role)) throw new Problem('emergency.not_allowed');
  if (minutes !== undefined && minutes > maxMinutes)
    throw new Problem('request.malformed', [{ field: 'minutes', message: `the account allows at most ${maxMinutes}` }]);
  return minutes ?? Math.min(usualMinutes, maxMinutes);
}
