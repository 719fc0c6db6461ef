/**
 * Takes in a report about TLS that was mailed to us: keeps it with the account whose verified domain it speaks of. Nothing
 * shows that it is true; it changes nothing but what is shown.
 */
import { accountVault } from '../accounts/index.ts';
import type { ReadPolicy } from '../core/tls-reports/read-report.ts';
import { newId } from '../platform/ids.ts';
import type { World } from '../platform/world.ts';
import { type MailedReport, openReportMail } from './open-mail.ts';
import { countReceivedSince, findSenderDomain, insertReport } from './store.ts';

/** `too-many`: today no more are taken of this domain. */
export type TakenReport = 'taken' | 'unreadable' | 'nobody' | 'too-many';

const dayMs = 86_400_000;
const oldestDays = 35;
const mostADay = 500;

export async function takeTlsReport(
  world: Pick<World, 'db' | 'vault' | 'clock'>,
  octets: Uint8Array,
): Promise<TakenReport> {
  const mailed = await openReportMail(octets);
  const at = world.clock.now();
  if (mailed === null || !isRecent(mailed.report.day, at)) return 'unreadable';
  const domain = domainOf(mailed);
  const owner = await world.db.asWorker((tx) => findSenderDomain(tx, domain));
  if (owner === undefined) return 'nobody';
  const vault = await accountVault(world, owner.accountId);
  const { reporter, id: reportId, contact, day, policies } = mailed.report;
  return world.db.asAccount(owner.accountId, async (tx) => {
    const since = new Date(at.getTime() - dayMs);
    if ((await countReceivedSince(tx, owner.domainId, since)) + policies.length > mostADay) return 'too-many';
    for (const [place, policy] of policies.entries())
      await insertReport(tx, {
        ...{ id: newId(at), domainId: owner.domainId, day, receivedAt: at },
        ...{ succeeded: policy.succeeded, failed: policy.failed },
        digest: vault.index('tls.report', JSON.stringify([reporter, reportId, day, place])),
        contentSealed: vault.seal('tls.received', JSON.stringify({ reporter, contact, ...policy })),
      });
    return 'taken';
  });
}

/** Of DANE a policy names the mail server (RFC 8460 §1.1), so that the mail's own field tells whose it is. */
function domainOf({ report, domain }: MailedReport): string {
  const named = report.policies.find(({ type }) => type !== 'tlsa') ?? (report.policies[0] as ReadPolicy);
  return domain ?? named.domain;
}

function isRecent(day: string, at: Date): boolean {
  const agoMs = at.getTime() - Date.parse(`${day}T00:00:00Z`);
  return agoMs > -dayMs && agoMs < oldestDays * dayMs;
}
