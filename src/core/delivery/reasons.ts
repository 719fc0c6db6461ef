/** Every reason that delivery gives, once: the code that is stored and the sentence that people read. No remote words. */

export const reasons = {
  accepted: 'The next hop took the message.',
  'reply.temporary': 'The next hop refused for now.',
  'reply.permanent': 'The next hop refused for good.',
  'reply.mailbox_full': 'The next hop says that its storage is full; that can change.',
  'reply.unwelcome_session': 'The next hop refused the session before it heard of any message.',
  'reply.bad_login': 'The next hop refused our user or password, or asks for a login. An administrator must look.',
  'connection.refused': 'The next hop refused the connection.',
  'connection.timeout': 'The next hop did not answer in time.',
  'connection.lost': 'The connection broke off before the next hop had answered for the message.',
  'connection.unreachable': 'No way leads to the next hop.',
  'connection.failed': 'The next hop answered with something that is not SMTP.',
  'dns.unresolved': 'The next hop’s name did not resolve.',
  'dns.no_answer': 'The DNS did not answer for the recipient’s domain.',
  'policy.unreadable': 'What is kept of the recipient’s domain could not be read for the moment.',
  'domain.unknown': 'The recipient’s domain does not exist.',
  'domain.no_mail': 'The recipient’s domain says that it takes no mail (null MX).',
  'domain.loops_back':
    'The recipient’s domain names this server itself as its mail server, so mail loops back (5.4.6).',
  'domain.no_host': 'The recipient’s domain has no server for mail.',
  'route.address_refused':
    'The relay’s name leads into a network that accounts’ relays may not be in; no connection was made.',
  'route.no_source': 'None of the addresses that mail may leave from is of the family of the next hop’s address.',
  'tls.not_offered': 'The policy asks for verified TLS and the next hop offers none; no byte of the message left.',
  'tls.handshake': 'The policy or the route asks for TLS and the handshake failed; no byte of the message left.',
  'tls.certificate':
    'The policy asks for verified TLS and the next hop’s certificate is not valid for its name; no byte of the message left.',
  'tls.no_authenticated_route':
    'The policy asks for authenticated TLS (MTA-STS or DANE) and no route offers it; no byte of the message left.',
  'tls.pin':
    'The relay shows another key than the one that is pinned, or no TLS 1.2 at all; no byte of the message left.',
  'dane.bogus':
    'DNSSEC does not vouch for the answer about the next hop (DANE), or the resolver failed; no byte of the message left.',
  'dane.mismatch':
    'The next hop’s certificate is not the one that its domain names in DNS (DANE), or it speaks no TLS 1.2; no byte of the message left.',
  'mta_sts.host_not_listed':
    'The recipient’s domain enforces a policy (MTA-STS) that does not name this host; no byte of the message left.',
  'tls.needed_for_login':
    'A login is configured and the next hop offers no TLS to protect it; no byte of the message left.',
  'address.needs_smtputf8': 'The address is not ASCII and the next hop does not take such addresses (SMTPUTF8).',
  'message.too_large': 'The message is larger than the next hop takes.',
  expired: 'The message could not be delivered in time; the last attempt failed too.',
  cancelled: 'Somebody took it out of the queue before it was delivered.',
  erased: 'The message was erased before it was delivered.',
  'content.unreadable': 'The stored content does not open with the installation’s keys. An administrator must look.',
} as const;

export type Why = keyof typeof reasons;
