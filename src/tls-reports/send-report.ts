/**
 * Sends reports about TLS to whom their domains name: by mail through our own queue, or by HTTPS. What does not arrive is
 * tried again for a day. A report that was taken and not noted as such goes again under the same id.
 */
import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type Destination, readReportingAddresses } from '../core/tls-reports/reporting-addresses.ts';
import { writeReportMail } from '../core/tls-reports/write-mail.ts';
import { submitterOf } from '../core/tls-reports/write-report.ts';
import type { Dns } from '../platform/dns.ts';
import { newId } from '../platform/ids.ts';
import { errorFacts } from '../platform/log.ts';
import type { World } from '../platform/world.ts';
import { senderOfDomain, verifiedSenders } from '../senders/index.ts';
import { acceptMessage, type Desk } from '../sending/index.ts';
import { decodeOutgoing, encodeOutgoing, type Outgoing } from './outgoing.ts';
import type { PostReport } from './post-report.ts';
import { claimDueReports, type DueReport, deleteDueReport, findSenderDomain, updateDueReport } from './store.ts';

export interface Reporting {
  readonly world: World;
  readonly desk: Desk;
  readonly dns: Pick<Dns, 'texts'>;
  readonly post: PostReport;
  /** The address that reports come from, and that they name. */
  readonly contact: string;
}

const batch = 20;

export async function sendDueReports(reporting: Reporting, closing: AbortSignal): Promise<void> {
  const { db, clock } = reporting.world;
  for (;;) {
    const due = await db.asWorker((tx) => claimDueReports(tx, clock.now(), batch));
    for (const one of due) {
      if (closing.aborted) return;
      await sendOne(reporting, one);
    }
    if (due.length < batch) return;
  }
}

async function sendOne(reporting: Reporting, due: DueReport): Promise<void> {
  const { db, vault, clock } = reporting.world;
  const outgoing = decodeOutgoing(vault, due.report);
  const left = outgoing === null ? [] : await stillToTell(reporting, due.id, outgoing);
  const isOver = left !== null && left.length === 0;
  await db.asWorker(async (tx) => {
    if (isOver || due.giveUpAt <= clock.now()) await deleteDueReport(tx, due.id);
    else if (left !== null && outgoing !== null)
      await updateDueReport(tx, due.id, encodeOutgoing(vault, { ...outgoing, left }));
  });
}

/** Null: the DNS did not say who wants it. */
async function stillToTell(reporting: Reporting, id: string, outgoing: Outgoing): Promise<Destination[] | null> {
  const texts = outgoing.left === null ? await reporting.dns.texts(`_smtp._tls.${outgoing.domain}`) : [];
  if (texts === null) return null;
  const packed = gzipSync(JSON.stringify(outgoing.report));
  const left: Destination[] = [];
  for (const one of outgoing.left ?? readReportingAddresses(texts)) {
    const isTold =
      one.kind === 'https'
        ? await reporting.post(one.url, packed)
        : await mailReport(reporting, { ...outgoing, id, to: one.address, packed });
    if (!isTold) left.push(one);
  }
  return left;
}

interface Mailed extends Pick<Outgoing, 'domain' | 'day'> {
  readonly id: string;
  readonly to: string;
  readonly packed: Buffer;
}

async function mailReport({ world, desk, contact }: Reporting, mailed: Mailed): Promise<boolean> {
  const accountId = await signingAccount(world, submitterOf({ contact }));
  if (accountId === null) {
    world.log.warn('reports about TLS wait: the domain of WAXWING_TLS_REPORTS_FROM is no verified sender that signs');
    return false;
  }
  const acceptedAt = world.clock.now();
  const messageId = newId(acceptedAt);
  const octets = writeReportMail({
    ...{ ...mailed, contact, messageId, at: acceptedAt, boundary: `report-${randomUUID()}` },
    packedBase64: mailed.packed.toString('base64'),
  });
  const wish = { opens: false, clicks: false, level: 'off' } as const;
  try {
    await acceptMessage(desk, {
      ...{ accountId, messageId, acceptedAt, octets, wish, dueAt: acceptedAt, via: 'rest', isTlsReport: true },
      actor: { kind: 'system', id: 'tls-reports' },
      departmentId: null,
      envelopeFrom: contact,
      recipients: [{ address: mailed.to, wish }],
      ownTo: false,
      campaign: null,
      tags: ['waxwing-tls-report'],
      messageClass: 'transactional',
      idempotencyKey: null,
    });
    return true;
  } catch (error) {
    world.log.warn(errorFacts(error), 'a report about TLS was not accepted');
    return false;
  }
}

/** RFC 8460 §5.3: mail of reports is signed for the domain that it comes from. */
async function signingAccount(world: World, domain: string): Promise<string | null> {
  const owner = await world.db.asWorker((tx) => findSenderDomain(tx, domain));
  if (owner === undefined) return null;
  const sender = senderOfDomain(await verifiedSenders(world, owner.accountId), domain);
  return sender !== null && sender.keys.length > 0 ? owner.accountId : null;
}
