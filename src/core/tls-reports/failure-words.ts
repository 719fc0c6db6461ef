/** What each result of a report about TLS means to who receives the mail, in a sentence. */
import type { ReadFailure } from './read-report.ts';

export const failureWords: Readonly<Record<ReadFailure['result'], string>> = {
  'starttls-not-supported': 'Your mail server offered no encryption.',
  'certificate-host-mismatch': 'Your mail server’s certificate is for another name.',
  'certificate-expired': 'Your mail server’s certificate has expired.',
  'certificate-not-trusted': 'Your mail server’s certificate is not from an authority that senders trust.',
  'validation-failure': 'Encryption could not be established for another reason.',
  'tlsa-invalid': 'None of the TLSA records (DANE) of your mail server can be used.',
  'dnssec-invalid': 'The DNS answer about your mail server did not pass DNSSEC.',
  'dane-required': 'The sender asks for DANE, and your mail server has none.',
  'sts-policy-fetch-error': 'Your MTA-STS policy could not be fetched.',
  'sts-policy-invalid': 'Your MTA-STS policy could not be read.',
  'sts-webpki-invalid': 'The certificate of the web server with your MTA-STS policy is not valid.',
  other: 'Something of a kind that the standard does not name.',
};
