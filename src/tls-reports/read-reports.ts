/** What was reported of one sender domain in the last month, by day and by report. */
import { accountVault } from '../accounts/index.ts';
import type { TlsReports } from '../contract/tls-reports.ts';
import { failureWords } from '../core/tls-reports/failure-words.ts';
import type { ReadPolicy } from '../core/tls-reports/read-report.ts';
import type { World } from '../platform/world.ts';
import { requireSender } from '../senders/index.ts';
import { listReportDays, listReportRows } from './store.ts';

const dayMs = 86_400_000;
const shownDays = 30;
const shownReports = 100;

export async function readTlsReports(
  world: Pick<World, 'db' | 'vault' | 'clock'>,
  accountId: string,
  named: { readonly domain: string; readonly address: string | null; readonly url: string | null },
): Promise<TlsReports> {
  const vault = await accountVault(world, accountId);
  const since = new Date(Math.floor(world.clock.now().getTime() / dayMs - shownDays + 1) * dayMs);
  const from = since.toISOString().slice(0, 10);
  const { days, rows } = await world.db.readAccount(accountId, async (tx) => {
    const domain = await requireSender(tx, named.domain);
    return {
      days: await listReportDays(tx, domain, from),
      rows: await listReportRows(tx, domain, from, shownReports),
    };
  });
  const reports = rows.map(({ day, succeeded, failed, contentSealed }) => {
    const content = JSON.parse(vault.open('tls.received', contentSealed).toString()) as Kept;
    return {
      ...{ day, succeeded, failed, reporter: content.reporter, signedBy: content.signedBy ?? null },
      ...{ policy: content.type, policyDomain: content.domain },
      failures: content.failures.map((one) => ({ ...one, about: failureWords[one.result] })),
    };
  });
  return { address: named.address, url: named.url, since: since.toISOString(), days, reports };
}

/** `signedBy` is absent where it was taken before signatures were checked. */
type Kept = ReadPolicy & { readonly reporter: string; readonly signedBy?: string | null };
