/** The loop of the alerting area: plans and sends mails of what was raised. Any number of processes may run it. */
import { repeat } from '../platform/repeat.ts';
import type { Running, World } from '../platform/world.ts';
import { openDesk, type SendingOptions } from '../sending/index.ts';
import { planAccount } from './plan-account.ts';
import { type AlertingNeeds, sendDueMails } from './send-mails.ts';
import { accountsWithWork } from './store.ts';

const pauseMs = 2_000;

export interface AlertingOptions extends SendingOptions {
  /** Where people open the console; undefined: mails say so in words only. */
  readonly consoleUrl?: string | undefined;
}

export function startAlerting(world: World, { consoleUrl, ...sending }: AlertingOptions): Running {
  const needs: AlertingNeeds = { world, desk: openDesk(world, sending), consoleUrl: consoleUrl ?? null };
  return repeat(world, { name: 'the alerting', everyMs: pauseMs, turn: () => tellPeople(needs) });
}

export async function tellPeople(needs: AlertingNeeds): Promise<void> {
  const { db, clock } = needs.world;
  for (const accountId of await db.asWorker((tx) => accountsWithWork(tx, clock.now()))) {
    await planAccount(needs.world, accountId);
    await sendDueMails(needs, accountId);
  }
}
