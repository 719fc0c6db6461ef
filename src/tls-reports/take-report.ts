/**
 * Takes in a report about TLS that was mailed or posted to us: keeps it with the account whose verified domain it speaks of. A mailed
 * one must bear its reporter's signature. Nothing shows that it is true; it changes nothing but what is shown.
 */
import { accountVault } from '../accounts/index.ts';
import type { ReadPolicy, ReadReport } from '../core/tls-reports/read-report.ts';
import { reportedDomain } from '../core/tls-reports/reporter-signature.ts';
import { newId } from '../platform/ids.ts';
import type { LookUp } from '../platform/look-up.ts';
import type { World } from '../platform/world.ts';
import { checkSignature } from './check-signature.ts';
import { type MailedReport, openReportMail } from './open-mail.ts';
import { countReceivedSince, findSenderDomain, insertReport } from './store.ts';
import { unpackReport } from './unpack-report.ts';

/** `too-many`: today no more are taken of this domain. */
type PostedReport = 'taken' | 'unreadable' | 'nobody' | 'too-many';
/** `no-answer`: nobody says now which keys its reporter has. */
export type TakenReport = PostedReport | 'unsigned' | 'no-answer';

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;

const dayMs = 86_400_000;
const oldestDays = 35;
const mostADay = 500;

export async function takeTlsReport(world: Needs, octets: Buffer, dns: LookUp): Promise<TakenReport> {
  const mailed = await openReportMail(octets);
  const at = world.clock.now();
  if (mailed === null || !isRecent(mailed.report.day, at)) return 'unreadable';
  const check = await checkSignature({ octets, author: mailed.author }, dns, at);
  if (check.kind !== 'signed') return check.kind;
  return keepReport(world, { domain: domainOf(mailed, check.fields), signedBy: check.by }, mailed.report);
}

/** @param domain of whom the address that it was posted to says that it speaks */
export async function takePostedReport(world: Needs, domain: string, bytes: Uint8Array): Promise<PostedReport> {
  const report = unpackReport(Buffer.from(bytes));
  if (report === null) return 'unreadable';
  return keepReport(world, { domain: domain.toLowerCase().replace(/\.$/, ''), signedBy: null }, report);
}

async function keepReport(
  world: Needs,
  { domain, signedBy }: { readonly domain: string; readonly signedBy: string | null },
  report: ReadReport,
): Promise<PostedReport> {
  const at = world.clock.now();
  if (!isRecent(report.day, at)) return 'unreadable';
  const { reporter, id: reportId, contact, day } = report;
  const owner = await world.db.asWorker((tx) => findSenderDomain(tx, domain));
  const policies = report.policies.filter((policy) => isAbout(policy, domain));
  if (owner === undefined || policies.length === 0) return 'nobody';
  const vault = await accountVault(world, owner.accountId);
  return world.db.asAccount(owner.accountId, async (tx) => {
    const since = new Date(at.getTime() - dayMs);
    if ((await countReceivedSince(tx, owner.domainId, since)) + policies.length > mostADay) return 'too-many';
    for (const [place, policy] of policies.entries())
      await insertReport(tx, {
        ...{ id: newId(at), domainId: owner.domainId, day, receivedAt: at },
        ...{ succeeded: policy.succeeded, failed: policy.failed },
        digest: vault.index('tls.report', JSON.stringify([reporter, reportId, day, place])),
        contentSealed: vault.seal('tls.received', JSON.stringify({ reporter, contact, signedBy, ...policy })),
      });
    return 'taken';
  });
}

/** Of DANE a policy may name the mail server (RFC 8460 §1.1); others name the domain itself, and none of another is kept. */
const isAbout = (policy: ReadPolicy, domain: string): boolean => policy.type === 'tlsa' || policy.domain === domain;

/** Of DANE a policy names the mail server (RFC 8460 §1.1), so that the mail's own field tells whose it is. */
function domainOf({ report, fields }: MailedReport, signed: ReadonlySet<string>): string {
  const named = report.policies.find(({ type }) => type !== 'tlsa') ?? (report.policies[0] as ReadPolicy);
  return reportedDomain(fields, signed) ?? named.domain;
}

function isRecent(day: string, at: Date): boolean {
  const agoMs = at.getTime() - Date.parse(`${day}T00:00:00Z`);
  return agoMs > -dayMs && agoMs < oldestDays * dayMs;
}
