/** Refusals about routes that mail goes out by. */
import { kind, type ProblemKind } from './problem-kind.ts';

export const routeProblems = {
  'mail_route.not_found': kind(404, 'The account has no such route.', 'List the routes to see their ids.'),
  'mail_route.name_taken': kind(409, 'Another route of the account has this name.', 'Give it another name.'),
  'mail_route.too_many': kind(409, 'The account has 50 routes already.', 'Remove one first.'),
  'mail_route.in_use': kind(409, 'Rules send mail by this route.', 'Change those rules first.'),
  'mail_route.hosts_wrong': kind(
    400,
    'A relay route has 1 to 20 relays, a direct one none.',
    'Name the relays with kind `relay`, or none with kind `direct`.',
  ),
  'mail_route.host_refused': kind(
    400,
    'This is not the name or public address of a relay.',
    'Give a host name such as relay.example. A relay in a network of your own needs WAXWING_RELAY_NETWORKS, which whoever runs the installation sets.',
  ),
  'mail_route.password_needed': kind(
    400,
    'The password of a relay has to be given again.',
    'A password is kept only while the relay’s name, port, TLS and user stay the same; and user and password belong together.',
  ),
  'mail_route.source_unknown': kind(
    400,
    'Mail of this installation does not leave from this address.',
    'Choose from `sourceAddresses` of GET /v1/routes; whoever runs the installation sets WAXWING_SOURCE_ADDRESSES.',
  ),
  'mail_route.rule_domain_invalid': kind(
    400,
    'This is not a domain that a rule can name.',
    'Write it as example.org, or *.example.org for all below it.',
  ),
} as const satisfies Record<string, ProblemKind>;
