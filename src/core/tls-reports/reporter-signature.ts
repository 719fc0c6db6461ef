/**
 * Whose DKIM signature makes a mailed report its reporter's own, which keys may make it, and which fields of such a mail count
 * (RFC 8460 §3, §5.3). It asks and verifies nothing.
 */
import { readTags } from '../senders/dkim-record.ts';

/**
 * "A valid signature by the reporting domain" (§3): of the domain in From, or of one above it. One below it may be in others'
 * hands. TLS-Report-Submitter is not asked: some write a name of their server there, some the name of a company.
 */
export const speaksFor = (signer: string, author: string): boolean =>
  signer.includes('.') && (author === signer || author.endsWith(`.${signer}`));

/**
 * The key's record without its list of services, where that has room for reports: the verifier knows none but mail. A record
 * without a list is for all (RFC 6376 §3.6.1), and that is what is published; §3 lets us refuse it and does not ask it.
 * Null: this key is for something else.
 */
export function keyForReports(record: string): string | null {
  const services = readTags(record).get('s');
  if (services === undefined) return record;
  if (!services.split(':').some((service) => ['*', 'tlsrpt'].includes(service.toLowerCase()))) return null;
  return record
    .split(';')
    .filter((tag) => !/^\s*s\s*=/i.test(tag))
    .join(';');
}

export interface ReportField {
  readonly name: string;
  readonly value: string;
}

/**
 * Of whom the mail says that it speaks; null where it does not. A field that the signature leaves out, or that stands there
 * twice, may have been added by somebody who sends a signed report of another domain once more.
 */
export function reportedDomain(fields: readonly ReportField[], signed: ReadonlySet<string>): string | null {
  const only = (name: string): string | undefined => {
    const [found, another] = fields.filter((field) => field.name === name);
    return signed.has(name) && another === undefined ? found?.value : undefined;
  };
  const named =
    only('tls-report-domain') ?? /^\s*report\s+domain:\s*([^\s]+)\s+submitter:/i.exec(only('subject') ?? '')?.[1];
  return named?.trim().toLowerCase().replace(/\.$/, '').slice(0, 253) || null;
}
