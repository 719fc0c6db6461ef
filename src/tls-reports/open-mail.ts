/** Finds the report in a mail (RFC 8460 §5.3) It never throws and keeps nothing. */
import PostalMime from 'postal-mime';
import type { ReadReport } from '../core/tls-reports/read-report.ts';
import { unpackReport } from './unpack-report.ts';

export interface MailedReport {
  readonly report: ReadReport;
  /** Of whom the mail says that it speaks. */
  readonly domain: string | null;
}

export async function openReportMail(octets: Uint8Array): Promise<MailedReport | null> {
  try {
    const mail = await PostalMime.parse(octets, { attachmentEncoding: 'arraybuffer', maxNestingDepth: 10 });
    const part = mail.attachments.find(({ mimeType, filename }) => isReport(mimeType, filename ?? ''));
    if (part === undefined || typeof part.content === 'string') return null;
    const report = unpackReport(Buffer.from(part.content as ArrayBuffer));
    const domain = mail.headers.find(({ key }) => key === 'tls-report-domain')?.value ?? null;
    return report === null ? null : { report, domain: domain?.trim().toLowerCase().slice(0, 253) ?? null };
  } catch {
    return null;
  }
}

const isReport = (type: string, name: string): boolean =>
  /^application\/tlsrpt\+(gzip|json)$/i.test(type) || (/^application\//i.test(type) && /\.json(\.gz)?$/i.test(name));
