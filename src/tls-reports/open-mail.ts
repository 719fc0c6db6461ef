/** Finds the report in a mail (RFC 8460 §5.3). It never throws and keeps nothing. */
import PostalMime from 'postal-mime';
import type { ReadReport } from '../core/tls-reports/read-report.ts';
import type { ReportField } from '../core/tls-reports/reporter-signature.ts';
import { unpackReport } from './unpack-report.ts';

export interface MailedReport {
  readonly report: ReadReport;
  /** The domain of the one address in From; empty where there is none or more than one. */
  readonly author: string;
  readonly fields: readonly ReportField[];
}

export async function openReportMail(octets: Uint8Array): Promise<MailedReport | null> {
  try {
    const mail = await PostalMime.parse(octets, { attachmentEncoding: 'arraybuffer', maxNestingDepth: 10 });
    const part = mail.attachments.find(({ mimeType, filename }) => isReport(mimeType, filename ?? ''));
    if (part === undefined || typeof part.content === 'string') return null;
    const report = unpackReport(Buffer.from(part.content as ArrayBuffer));
    const fields = mail.headers.map(({ key, value }) => ({ name: key, value }));
    const isOnly = fields.filter(({ name }) => name === 'from').length === 1;
    const address = isOnly ? (mail.from?.address ?? '') : '';
    return report === null ? null : { report, author: address.slice(address.lastIndexOf('@') + 1), fields };
  } catch {
    return null;
  }
}

const isReport = (type: string, name: string): boolean =>
  /^application\/tlsrpt\+(gzip|json)$/i.test(type) || (/^application\//i.test(type) && /\.json(\.gz)?$/i.test(name));
