/** The refusals of single sign-on. They stand among all others in problem.ts. */
import { kind, type ProblemKind } from './problem-kind.ts';

export const signOnProblems = {
  'sso.not_found': kind(404, 'There is no such sign-on connection.', 'List the connections to see their ids.'),
  'sso.too_many_connections': kind(409, 'The account has 20 sign-on connections.', 'Delete one that is not used.'),
  'sso.domain_taken': kind(
    409,
    'Another connection of the account serves one of these domains.',
    'Take the domain from the other connection first: one address leads to one identity provider.',
  ),
  'sso.incomplete': kind(
    409,
    'The connection is not complete.',
    'It needs an issuer, a client id and at least one domain before it is switched on.',
  ),
  'sso.issuer_refused': kind(
    400,
    'The issuer’s address is not taken.',
    'Give its https:// address. One within your own network is asked only where the server’s setting WAXWING_SSO_ALLOW_PRIVATE says so.',
  ),
  'sso.no_connection': kind(
    404,
    'There is no single sign-on for this.',
    'Check the address or link, or sign in another way. An owner of your account can switch single sign-on on.',
  ),
  'sso.provider_unreachable': kind(
    502,
    'The identity provider does not answer.',
    'Try again in a moment. If it stays, whoever manages your account’s people can test the connection; owners sign in another way meanwhile.',
  ),
  'sso.provider_misconfigured': kind(
    502,
    'The identity provider is not what the connection says.',
    'Whoever manages your account’s people tests the connection under People, Single sign-on: the test says what is wrong.',
  ),
  'sso.state_invalid': kind(
    401,
    'This sign-in was not begun in this browser, or it is used up.',
    'Begin again from the sign-in page, in one tab, and finish within ten minutes.',
  ),
  'sso.provider_refused': kind(
    401,
    'The identity provider did not sign you in.',
    'Try again. If it stays, ask whoever runs the identity provider whether you may use Waxwing.',
  ),
  'sso.code_refused': kind(
    401,
    'The identity provider took its own answer back.',
    'Begin again: such an answer is good once and for a short time.',
  ),
  'sso.client_refused': kind(
    502,
    'The identity provider does not take Waxwing’s client secret.',
    'Whoever manages your account’s people enters a new client secret: secrets expire at many providers.',
  ),
  'sso.token_invalid': kind(
    401,
    'What the identity provider said of you cannot be believed.',
    'Begin again. If it stays, issuer, client id or keys do not fit: the connection’s test says more.',
  ),
  'sso.token_expired': kind(
    401,
    'What the identity provider said of you has expired.',
    'Begin again. If it stays, the clocks of the provider and of this server are more than a minute apart.',
  ),
  'sso.second_factor_missing': kind(
    403,
    'The identity provider did not use a second factor.',
    'Sign in there with the second factor that your organisation asks for.',
  ),
  'sso.address_unverified': kind(
    403,
    'The identity provider does not vouch for your address.',
    'Have your address verified there, or ask whoever manages your account’s people about the connection.',
  ),
  'sso.domain_not_served': kind(
    403,
    'The connection is not for your address.',
    'Sign in with your address of the organisation.',
  ),
  'sso.domain_unproved': kind(
    403,
    'Your organisation has not yet shown that the domain of your address is its own.',
    'Whoever manages its people publishes the record that stands under People, Single sign-on, and has it checked there.',
  ),
  'sso.reach_missing': kind(
    409,
    'The connection would let people reach the whole account.',
    'Whoever manages your account’s people chooses a department for them, or says that they may reach the whole account.',
  ),
  'sso.user_unknown': kind(
    403,
    'You have no access to this account yet.',
    'Ask whoever manages its people to invite you.',
  ),
  'sso.user_deactivated': kind(
    403,
    'Your access to this account has ended.',
    'Ask whoever manages its people whether that is right.',
  ),
  'sso.user_beyond_connection': kind(
    403,
    'You may do more than whoever set up this connection.',
    'Sign in another way, and save the connection once yourself: nobody lets in who may do more than they may.',
  ),
  'sso.subject_changed': kind(
    403,
    'Your address belonged to somebody else at the identity provider.',
    'Whoever manages your account’s people makes sure that it is you, then lets the connection forget who it was.',
  ),
  'sso.no_role': kind(
    403,
    'The identity provider puts you in no group that has access.',
    'Ask whoever runs the identity provider to put you in one.',
  ),
  'sso.department_gone': kind(
    409,
    'The department that the connection puts you in is gone.',
    'Whoever manages your account’s people chooses another one in the connection.',
  ),
  'sso.not_fresh': kind(
    403,
    'The identity provider did not ask you again.',
    'Some providers cannot. Add a passkey under your name and prove it with that.',
  ),
  'sso.wrong_person': kind(
    403,
    'The identity provider named somebody else.',
    'Sign in there as the person whose session this is.',
  ),
  'sso.required': kind(403, 'Your organisation asks for single sign-on.', 'Choose single sign-on on the sign-in page.'),
  'sso.logout_invalid': kind(
    400,
    'The logout token is not one that ends a session here.',
    'Send a token as OpenID Connect Back-Channel Logout 1.0 §2.4 describes it, once, to the address of its connection.',
  ),
} as const satisfies Record<string, ProblemKind>;
