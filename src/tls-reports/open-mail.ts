/** Finds the report in a mail (RFC 8460 §5.3) and unpacks it within limits. It never throws and keeps nothing. */
import { gunzipSync } from 'node:zlib';
import PostalMime from 'postal-mime';
import { type ReadReport, readReport } from '../core/tls-reports/read-report.ts';

const mostBytes = 1024 * 1024;

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
    const json = unpacked(Buffer.from(part.content as ArrayBuffer));
    const report = json === null ? null : readReport(json);
    const domain = mail.headers.find(({ key }) => key === 'tls-report-domain')?.value ?? null;
    return report === null ? null : { report, domain: domain?.trim().toLowerCase().slice(0, 253) ?? null };
  } catch {
    return null;
  }
}

const isReport = (type: string, name: string): boolean =>
  /^application\/tlsrpt\+(gzip|json)$/i.test(type) || (/^application\//i.test(type) && /\.json(\.gz)?$/i.test(name));

/** A small file may unpack to a very large one: then it is none of ours. */
function unpacked(bytes: Buffer): string | null {
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!isPacked && bytes.length > mostBytes) return null;
  return (isPacked ? gunzipSync(bytes, { maxOutputLength: mostBytes }) : bytes).toString('utf8');
}
