/** Makes the report of each domain's day that is over, to be sent at some time of the night. It asks and sends nothing. */
import { writeReport } from '../core/tls-reports/write-report.ts';
import { takeTlsDay } from '../delivery/index.ts';
import { newId } from '../platform/ids.ts';
import { encodeOutgoing } from './outgoing.ts';
import type { Reporting } from './send-report.ts';
import { insertDueReport } from './store.ts';

const dayMs = 86_400_000;
/** RFC 8460 §4.1: not everybody at midnight. */
const spreadMs = 4 * 3_600_000;
/** Every process that delivers has put down by then what it counted before midnight. */
const settledMs = 10 * 60_000;
const triedForMs = 24 * 3_600_000;

export async function planReports({ world, contact }: Reporting, closing: AbortSignal): Promise<void> {
  const { db, vault, clock } = world;
  while (!closing.aborted) {
    const isMore = await db.asWorker(async (tx) => {
      const now = clock.now();
      const taken = await takeTlsDay(tx, vault, new Date(now.getTime() - settledMs).toISOString().slice(0, 10));
      if (taken === null) return false;
      const domain = taken.counts[0]?.counted.recipientDomain;
      if (domain === undefined) return true;
      const { day } = taken;
      const id = newId(now);
      const report = writeReport({ id, day, contact }, taken.counts);
      const midnightMs = Date.parse(`${day}T00:00:00Z`) + dayMs;
      const dueMs = Math.max(now.getTime(), midnightMs + Math.random() * spreadMs);
      await insertDueReport(tx, {
        ...{ id, dueAt: new Date(dueMs), giveUpAt: new Date(dueMs + triedForMs) },
        report: encodeOutgoing(vault, { domain, day, report, left: null }),
      });
      return true;
    });
    if (!isMore) return;
  }
}
