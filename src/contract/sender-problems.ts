/** Refusals about sender domains. */
import { kind, type ProblemKind } from './problem-kind.ts';

export const senderProblems = {
  'sender_domain.invalid': kind(
    400,
    'This is not a domain that mail can be sent from.',
    'Give a public domain such as clinic.example, without an address or a path; letters beyond ASCII are taken too.',
  ),
  'sender_domain.exists': kind(409, 'The account has this sender domain already.', 'Read it instead.'),
  'sender_domain.too_many': kind(409, 'The account has as many sender domains as it can have.', 'Remove one first.'),
  'sender_domain.not_found': kind(404, 'The account has no such sender domain.', 'List the domains to see them.'),
  'sender_domain.claimed': kind(
    409,
    'Another account of this installation has shown that the domain is theirs.',
    'Ask whoever runs the installation; the other account has to remove it first.',
  ),
  'sender_domain.rotating': kind(
    409,
    'New keys of this domain are waiting to be seen in the DNS already.',
    'Publish those and have the DNS looked at.',
  ),
  'tls_report.not_found': kind(
    404,
    'No domain of this name takes reports about TLS here.',
    'Post reports to the address that the domain’s record _smtp._tls names.',
  ),
  'tls_report.unreadable': kind(
    400,
    'This is no report about TLS that can be read.',
    'Send one report as RFC 8460 §4 writes it, of the last five weeks, with at most 100 policies, 1 MiB unpacked.',
  ),
  'tls_report.too_many': kind(429, 'Too many reports about this domain today.', 'Send it again tomorrow.'),
} as const satisfies Record<string, ProblemKind>;
