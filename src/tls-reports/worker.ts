/** The loops of reports about TLS: makes and sends ours, forgets others'. Any number of processes may run them. */
import { openDns } from '../platform/dns.ts';
import { repeat } from '../platform/repeat.ts';
import type { Running, World } from '../platform/world.ts';
import { openDesk, type SendingOptions } from '../sending/index.ts';
import { planReports } from './plan-reports.ts';
import { openPost, type PostOptions } from './post-report.ts';
import { type Reporting, sendDueReports } from './send-report.ts';
import { forgetTlsReports } from './store.ts';

interface ReportingOptions extends SendingOptions, PostOptions {
  readonly dnsServers?: readonly string[] | undefined;
  /** Who sends the reports; absent: none are sent. */
  readonly tlsReportsFrom?: string | undefined;
}

export function startTlsReports(world: World, options: ReportingOptions): Running {
  const { tlsReportsFrom: contact } = options;
  const loops = [startForgetting(world), ...(contact === undefined ? [] : [startSending(world, options, contact)])];
  return {
    async close() {
      await Promise.all(loops.map((loop) => loop.close()));
    },
  };
}

const everyMs = 60_000;
const forgetEveryMs = 30 * 60_000;
const dayMs = 86_400_000;
const countedDays = 3;
const receivedDays = 400;
const rowsPerBatch = 2_000;

function startSending(world: World, options: ReportingOptions, contact: string): Running {
  const reporting: Reporting = {
    ...{ world, desk: openDesk(world, options), post: openPost(options), contact },
    dns: openDns({ servers: options.dnsServers ?? [] }),
  };
  return repeat(world, {
    name: 'the sending of reports about TLS',
    everyMs,
    turn: (closing) => reportOnce(reporting, closing),
  });
}

export async function reportOnce(reporting: Reporting, closing: AbortSignal): Promise<void> {
  await planReports(reporting, closing);
  await sendDueReports(reporting, closing);
}

const startForgetting = (world: World): Running =>
  repeat(world, { name: 'the forgetting of reports about TLS', everyMs: forgetEveryMs, turn: () => forgetOld(world) });

export async function forgetOld(world: Pick<World, 'db' | 'clock'>): Promise<void> {
  const before = (days: number): Date => new Date(world.clock.now().getTime() - days * dayMs);
  const times = { counted: before(countedDays), received: before(receivedDays) };
  while ((await world.db.asWorker((tx) => forgetTlsReports(tx, times, rowsPerBatch))) === rowsPerBatch);
}
