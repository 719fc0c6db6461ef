/** The mail that carries a report about TLS (RFC 8460 §5.3). It packs and sends nothing. */
import { type ReportFrame, submitterOf } from './write-report.ts';

export interface ReportMail extends ReportFrame {
  readonly domain: string;
  readonly to: string;
  readonly messageId: string;
  readonly at: Date;
  readonly boundary: string;
  /** The report, packed by gzip, in base64. */
  readonly packedBase64: string;
}

/** RFC 8460 §5.1. */
export function reportFileName(frame: ReportFrame, domain: string): string {
  const beginSeconds = Date.parse(`${frame.day}T00:00:00Z`) / 1_000;
  return `${submitterOf(frame)}!${domain}!${beginSeconds}!${beginSeconds + 86_399}!${frame.id}.json.gz`;
}

export function writeReportMail(mail: ReportMail): Uint8Array {
  const submitter = submitterOf(mail);
  const lines = [
    `From: ${mail.contact}`,
    `To: ${mail.to}`,
    `Date: ${mail.at.toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${mail.messageId}@${submitter}>`,
    `Subject: Report Domain: ${mail.domain}`,
    ` Submitter: ${submitter}`,
    // RFC 8460 §5.3: as a Message-ID is written.
    ` Report-ID: <${mail.id}@${submitter}>`,
    `TLS-Report-Domain: ${mail.domain}`,
    `TLS-Report-Submitter: ${submitter}`,
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type="tlsrpt";',
    ` boundary="${mail.boundary}"`,
    '',
    `--${mail.boundary}`,
    'Content-Type: text/plain; charset=us-ascii',
    '',
    `This is a report about TLS (RFC 8460) from ${submitter} for ${mail.domain},`,
    `of mail that was sent on ${mail.day} (UTC).`,
    '',
    `--${mail.boundary}`,
    'Content-Type: application/tlsrpt+gzip',
    'Content-Transfer-Encoding: base64',
    'Content-Disposition: attachment;',
    ` filename="${reportFileName(mail, mail.domain)}"`,
    '',
    ...(mail.packedBase64.match(/.{1,76}/g) ?? []),
    `--${mail.boundary}--`,
    '',
  ];
  return new TextEncoder().encode(lines.join('\r\n'));
}
