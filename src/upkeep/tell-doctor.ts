/**
 * The doctor for the console: one examination at a time, remembered for a minute, each check cut short in bounded time.
 * Whoever does not run the installation is told of their own account and of nothing else.
 */
import QuickLRU from 'quick-lru';
import type { Caller } from '../platform/route.ts';
import type { World } from '../platform/world.ts';
import { checkAccountAudit } from './check-database.ts';
import { checked, type Finding, fine, warning, worstFirst } from './finding.ts';
import { isOperator } from './operator.ts';
import { readKeyInUse } from './safety-store.ts';

export interface DoctorReport {
  readonly checkedAt: Date;
  readonly scope: 'installation' | 'account';
  readonly findings: readonly Finding[];
}

export type TellDoctor = (caller: Caller) => Promise<DoctorReport>;

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;

const rememberMs = 60_000;
export const checkWithinMs = 15_000;
const yearMs = 366 * 86_400_000;

interface Remembered {
  readonly at: number;
  readonly report: Promise<DoctorReport>;
}

export function openDoctor(world: Needs, examineAll: () => Promise<readonly Finding[]>): TellDoctor {
  const remembered = new QuickLRU<string, Remembered>({ maxSize: 1_000 });
  return async ({ accountId }) => {
    const isOurs = await isOperator(world.db, accountId);
    const known = remembered.get(accountId);
    const now = world.clock.now();
    if (known !== undefined && Math.abs(now.getTime() - known.at) < rememberMs) return known.report;
    const findings = isOurs ? examineAll() : examineAccount(world, accountId);
    const report = findings.then((found): DoctorReport => {
      return { checkedAt: now, scope: isOurs ? 'installation' : 'account', findings: worstFirst(found) };
    });
    remembered.set(accountId, { at: now.getTime(), report });
    report.catch(() => remembered.delete(accountId));
    return report;
  };
}

async function examineAccount(world: Needs, accountId: string): Promise<readonly Finding[]> {
  return [
    ...(await checked('audit log', () => checkAccountAudit(world.db, world.vault, accountId), checkWithinMs)),
    ...(await checked('wrapping key', () => checkKeyAge(world, accountId), checkWithinMs)),
  ];
}

async function checkKeyAge({ db, clock }: Needs, accountId: string): Promise<Finding> {
  const { version, since } = await db.readAccount(accountId, (tx) => readKeyInUse(tx, clock.now()));
  const days = Math.floor((clock.now().getTime() - since.getTime()) / 86_400_000);
  const says = `number ${version} has been in use for ${days} days`;
  return clock.now().getTime() - since.getTime() > yearMs
    ? warning(
        'wrapping key',
        says,
        'Have it rotated once a year: POST /v1/safety/keys/rotate, or the console’s page Safety.',
      )
    : fine('wrapping key', says);
}
