/**
 * Every refusal Waxwing gives, by its documented code. A code is never reused for another meaning and never removed.
 * The sentence says what was wrong and what to do; it never repeats what the caller sent.
 */
import { batchProblems } from './batch-problems.ts';
import { emergencyProblems } from './emergency-problems.ts';
import { kind, type ProblemKind } from './problem-kind.ts';
import { routeProblems } from './route-problems.ts';
import { senderProblems } from './sender-problems.ts';
import { signOnProblems } from './sign-on-problems.ts';

export const problemKinds = {
  'request.malformed': kind(400, 'The request is not well formed.', 'Correct the fields named in `errors`.'),
  'request.invalid_json': kind(400, 'The body is not valid JSON.', 'Send one JSON object, encoded as UTF-8.'),
  'request.too_large': kind(413, 'The request body is too large.', 'Send less, or raise WAXWING_MAX_MESSAGE_BYTES.'),
  'request.unsupported_media_type': kind(
    415,
    'The content type is not supported.',
    'Send the body as application/json.',
  ),
  'request.rate_limited': kind(429, 'Too many requests.', 'Wait for the seconds given in Retry-After.'),
  'request.cross_site': kind(
    403,
    'The request came from another site.',
    'Console sessions act only from the console itself; programs use an API key.',
  ),
  'request.bad_cursor': kind(400, 'The cursor is not one of ours.', 'Take `nextCursor` from the page before.'),
  'route.not_found': kind(404, 'There is no such route.', 'See /openapi.json for the routes that exist.'),
  'route.method_not_allowed': kind(405, 'The route does not take this method.', 'See /openapi.json.'),
  'auth.missing': kind(401, 'No API key or session was given.', 'Send `Authorization: Bearer <api key>`.'),
  'auth.invalid': kind(
    401,
    'The API key or session is not valid.',
    'Check the key, or make a new one in the console; sign in again if a session has ended.',
  ),
  'auth.link_invalid': kind(
    401,
    'The sign-in link is used up or has expired.',
    'Run `npx waxwing sign-in` on the server for a new one.',
  ),
  'auth.forbidden': kind(
    403,
    'Your role, or the API key, does not allow this.',
    'Ask an owner of the account, or whoever manages its people, to allow it; docs/permissions.md says what each role may.',
  ),
  'auth.account_wide': kind(
    403,
    'This concerns the whole organisation, and your access is narrowed to a department.',
    'Ask somebody whose access is not narrowed; docs/permissions.md has the table.',
  ),
  'auth.credentials_invalid': kind(
    401,
    'Address, password or code is not right.',
    'Check all three; a code is taken once and for half a minute. Who lost one of them asks an owner for a new invitation.',
  ),
  'auth.passkey_invalid': kind(
    401,
    'The passkey was not accepted.',
    'Try again: a challenge is good for five minutes and once. A passkey works only at the address where it was made.',
  ),
  'auth.invitation_invalid': kind(
    401,
    'The invitation is used up, replaced or has expired.',
    'Ask whoever invited you for a new one.',
  ),
  'auth.step_up_needed': kind(
    403,
    'This asks for a fresh proof of who you are.',
    'Prove it with POST /v1/session/step-up, then repeat the request within five minutes.',
  ),
  'auth.no_user': kind(
    409,
    'The session belongs to no user.',
    'An installation link opened it. Sign in as a user for what is a user’s own.',
  ),
  ...batchProblems,
  ...emergencyProblems,
  ...senderProblems,
  ...routeProblems,
  'password.refused': kind(400, 'The password may not be chosen.', 'See `errors` for why, and choose another.'),
  'factor.code_invalid': kind(
    400,
    'The code of the authenticator app is not right.',
    'Check that the clock of the phone is right, and give the code that it shows now.',
  ),
  'factor.last_one': kind(409, 'It is the only way to sign in.', 'Add another passkey or a password first.'),
  'factor.no_password': kind(
    409,
    'The user has no password.',
    'Recovery codes stand beside a password; set one first.',
  ),
  'passkey.not_found': kind(404, 'There is no such passkey.', 'See GET /v1/me for yours.'),
  'user.not_found': kind(404, 'There is no such user.', 'List the users to see their ids.'),
  'user.email_taken': kind(409, 'A user with this address exists.', 'Change that user, or invite them anew.'),
  'user.beyond_caller': kind(
    403,
    'The user may do more than you, or would.',
    'Ask somebody who may do all of it: nobody hands out or takes away more than they have.',
  ),
  'user.last_owner': kind(409, 'It is the last owner who can sign in.', 'Make somebody else an owner first.'),
  'department.not_found': kind(404, 'There is no such department.', 'List the departments to see their ids.'),
  'department.unknown': kind(400, 'The department named does not exist.', 'List the departments to see their ids.'),
  'department.misplaced': kind(
    409,
    'A department cannot be there.',
    'Put it below another one: never below itself, and at most 20 deep.',
  ),
  'department.in_use': kind(
    409,
    'The department is not empty.',
    'Move its people and the departments below it, and revoke its API keys, first. A department that mail belongs to stays: rename or move it.',
  ),
  'department.above_caller': kind(
    403,
    'The department is where your own access begins.',
    'What holds for it is decided above it; change departments below it.',
  ),
  'department.account_wide': kind(
    400,
    'Somebody narrowed to a department needs a department.',
    'Name `departmentId`, or let them reach the whole organisation.',
  ),
  'group.not_found': kind(404, 'There is no such group.', 'List the groups to see their ids.'),
  'group.name_taken': kind(409, 'A group with this name exists.', 'Change that group, or give this one another name.'),
  'scim.not_found': kind(404, 'There is no such schema or resource type.', 'List them to see which there are.'),
  'scim.user_name_taken': kind(409, 'A user with this userName exists.', 'Change that user, or use another userName.'),
  'scim.member_unknown': kind(
    400,
    'A member is no user of this account.',
    'Provision the user first, and name them by the id that was answered.',
  ),
  'scim.invalid_filter': kind(
    400,
    'The filter is not understood.',
    'Correct what `errors` says; see /scim/v2/Schemas.',
  ),
  'scim.invalid_path': kind(400, 'The path is not understood.', 'Correct what `errors` says; see /scim/v2/Schemas.'),
  'scim.invalid_syntax': kind(400, 'The message is not one of SCIM.', 'Correct what `errors` says.'),
  'scim.invalid_value': kind(400, 'A value is missing or not as it should be.', 'Correct what `errors` says.'),
  'scim.mutability': kind(400, 'The attribute cannot be changed.', 'Leave it out.'),
  'scim.no_target': kind(400, 'The path means nothing that is there.', 'Add the value first, or correct the path.'),
  'scim.too_many': kind(
    400,
    'That is too much at once.',
    'Ask for less, or send less; `errors` says how much is taken.',
  ),
  'scim.version_changed': kind(412, 'It was changed in the meantime.', 'Read it again, then repeat the change.'),
  ...signOnProblems,
  'session.not_found': kind(404, 'There is no such open session.', 'List the sessions to see their ids.'),
  'message.not_found': kind(
    404,
    'There is no such message.',
    'Check the id; messages of other accounts are invisible.',
  ),
  'message.too_large': kind(413, 'The message is too large.', 'Send a smaller message, or a link to the document.'),
  'message.on_hold': kind(
    409,
    'The message is under a legal hold.',
    'Nothing of it may be destroyed until every hold that covers it is released: GET /v1/holds.',
  ),
  'message.kept_by_policy': kind(
    409,
    'The account keeps messages longer than this one is old.',
    'Wait for the end of the shortest time that messages are kept (GET /v1/retention), or change it.',
  ),
  'hold.not_found': kind(404, 'There is no such legal hold.', 'List the holds to see their ids.'),
  'hold.released': kind(409, 'The legal hold was released already.', 'Place another one if it must hold again.'),
  'hold.scope_unknown': kind(
    400,
    'What the legal hold is to cover does not exist.',
    'Name a message or a department of this account.',
  ),
  'retention.contradictory': kind(
    400,
    'The times that things are kept contradict each other.',
    'Nothing may go before the shortest time that messages are kept.',
  ),
  'retention.preview_needed': kind(
    409,
    'More messages would be erased than you said you know of.',
    'Look with POST /v1/retention/preview, and repeat its `dueNow` as `acknowledgedMessages`.',
  ),
  'message.no_recipients': kind(400, 'The message has no recipient.', 'Name at least one address in `to`.'),
  'message.too_many_recipients': kind(
    400,
    'The message has too many recipients.',
    'Send it in several messages of at most 1,000 recipients.',
  ),
  'message.no_content': kind(400, 'The message has neither HTML nor text.', 'Give `html`, `text` or both.'),
  'message.no_from': kind(400, 'The message has no From header.', 'Name the sender in From.'),
  'message.invalid_from': kind(400, 'The From header is not one valid address.', 'Write it as Name <local@domain>.'),
  'suppression.not_found': kind(
    404,
    'Nothing keeps mail from this address, or not for this reason.',
    'Look at what stands on the list with `GET`.',
  ),
  'suppression.import_invalid': kind(
    400,
    'The list cannot be read, or has more than 10,000 rows.',
    'Send CSV with the columns email, reason and scope, or JSON as documented; larger lists in parts.',
  ),
  'message.invalid_address': kind(400, 'A recipient address is not valid.', 'Write it as local@domain.'),
  'message.mail_loop': kind(
    400,
    'The message has been through more than 100 servers: it goes in a circle.',
    'Find the server that sends back here what came from here. A new message has no Received fields.',
  ),
  'message.header_malformed': kind(400, 'A header is malformed.', 'Send headers as RFC 5322 §2.2 says.'),
  'message.header_not_allowed': kind(
    400,
    'A header may not be set by the caller.',
    'Use the field of the request that stands for it, or an X- header of your own.',
  ),
  'message.track_header_unknown': kind(
    400,
    'X-Waxwing-Track is not understood.',
    'Write `opens`, `clicks`, both with a comma, or `off`.',
  ),
  'message.headers_too_large': kind(400, 'The headers are too large.', 'Keep them below 256 KiB and 2,000 lines.'),
  'message.too_many_parts': kind(400, 'The message has too many MIME parts.', 'Keep it below 1,000 parts.'),
  'message.nested_too_deep': kind(400, 'The MIME parts are nested too deep.', 'Keep the nesting below 20 levels.'),
  'message.bare_newline': kind(
    400,
    'The message has a bare CR or LF.',
    'End every line with CRLF (RFC 5321 §2.3.8); bare line feeds are used to smuggle mail.',
  ),
  'message.line_too_long': kind(
    400,
    'A line is longer than 998 octets.',
    'Encode the part as quoted-printable or base64 (RFC 5322 §2.1.1).',
  ),
  'message.nul_octet': kind(
    400,
    'The message has an octet of value zero.',
    'Encode binary content as base64; mail lines cannot hold NUL (RFC 5322 §2.2).',
  ),
  'attachment.invalid_base64': kind(400, 'An attachment is not valid base64.', 'Encode it as RFC 4648 §4 says.'),
  'idempotency.key_reused': kind(
    409,
    'This Idempotency-Key was used with another body.',
    'Use a new key for a new message, or repeat the first body exactly.',
  ),
  'idempotency.key_invalid': kind(
    400,
    'The Idempotency-Key is not usable.',
    'Use 1 to 255 printable ASCII characters.',
  ),
  'sender.of_another': kind(
    403,
    'Another account of this installation has shown that this sender domain is theirs.',
    'Send by a domain of your own, or verify a subdomain of it as yours.',
  ),
  'sender.not_verified': kind(
    403,
    'The sender domain is not verified.',
    'Verify the domain, or allow unverified senders in the outbound settings.',
  ),
  'tracking.level_invalid': kind(400, 'The tracking level is unknown.', 'Use off, anonymous or identified.'),
  'auth.network_refused': kind(
    403,
    'The API key is not taken from this network.',
    'Use it from one of the networks it was made for, or make another.',
  ),
  'key.beyond_caller': kind(
    403,
    'The key would be allowed more than its maker.',
    'Leave out the permissions that you do not have yourself.',
  ),
  'key.not_found': kind(404, 'There is no such API key.', 'List the keys to see their ids.'),
  'key.last_one': kind(409, 'This key is making the request.', 'Revoke it with another key or from the console.'),
  'report.range_invalid': kind(400, 'The time range is empty or reversed.', 'Give `since` before `until`.'),
  'habit.not_found': kind(404, 'Nothing was learned of this domain.', 'List what was learned: GET /v1/scanner-habits.'),
  'verdicts.too_many': kind(400, 'Too many observations.', 'Send at most 1,000 at once.'),
  'audit.chain_broken': kind(
    409,
    'The audit log cannot be exported: its signed checkpoints are gone.',
    'Somebody changed the database by other ways than the program. Keep it as it is and call whoever handles incidents.',
  ),
  'webhook.not_found': kind(404, 'There is no such webhook.', 'Check the id; it may have been deleted.'),
  'webhook.url_refused': kind(
    422,
    'The address cannot be an endpoint.',
    'Give an https address that the internet reaches, without user or fragment, at port 443 or from 1024 on.',
  ),
  'webhook.too_many_endpoints': kind(409, 'The account has 50 webhooks.', 'Delete one that is not used.'),
  'webhook.disabled': kind(409, 'The webhook is switched off.', 'Switch it on first.'),
  'webhook.delivery_not_found': kind(
    404,
    'The webhook was told of nothing under this number.',
    'What is older than 30 days is forgotten; see its deliveries.',
  ),
  'webhook.range_too_large': kind(
    422,
    'More than 100,000 deliveries lie in this time.',
    'Ask for a shorter time, and then for the rest.',
  ),
  'connection.not_found': kind(
    404,
    'There is no such connection.',
    'List the connections to see their addresses, or make a new one.',
  ),
  'provider.too_many_connections': kind(409, 'The account has 100 connections.', 'Delete one that is not used.'),
  'provider.key_invalid': kind(
    400,
    'The verification key is not one of this provider’s.',
    'Copy it from the provider’s webhook settings; see docs/providers.md for where it is.',
  ),
  'provider.signature_missing': kind(
    401,
    'The call has neither a signature nor a password.',
    'Switch signing on at the provider, or put the connection’s user and password into the webhook’s address.',
  ),
  'provider.signature_invalid': kind(
    401,
    'The signature or password is not right.',
    'Check the connection’s verification key, and that nothing changes the body on its way.',
  ),
  'provider.signature_expired': kind(
    401,
    'The signature is too old, or lies in the future.',
    'Check the clocks; a call that is repeated later must be signed again.',
  ),
  'provider.signature_replayed': kind(
    401,
    'The signature was used before, for another body.',
    'Let the provider send the event again.',
  ),
  'provider.payload_unknown': kind(
    400,
    'The body is not a payload of this provider.',
    'Name the right provider, and send what it sends: an object or an array of objects.',
  ),
  'provider.too_many_events': kind(413, 'Too many events.', 'Send at most 10,000 at once.'),
  'rejudging.already_running': kind(
    409,
    'A re-judging of this account is under way.',
    'Wait for its end, or cancel it: POST /v1/rejudgements/{id}/cancel.',
  ),
  'rejudging.rules_are_settings': kind(
    400,
    'Only a dry run can leave out further rules.',
    'Switch the rules off in the outbound settings (`disabledRules`), then judge again.',
  ),
  'rejudging.not_found': kind(404, 'There is no such re-judging.', 'List them: GET /v1/rejudgements.'),
  'rejudging.ended': kind(409, 'The re-judging has ended already.', 'Read it to see how: GET /v1/rejudgements/{id}.'),
  'rejudging.rules_changed': kind(
    409,
    'The rules changed while history was judged again.',
    'Start another re-judging: what this one changed is recorded, and judged anew.',
  ),
  'rejudging.failed': kind(
    500,
    'The re-judging came no further in several attempts.',
    'See the log of the worker, then start another one; what this one changed is recorded.',
  ),
  'networks.refresh_off': kind(
    409,
    'This installation asks no publisher for network lists.',
    'Set WAXWING_NETWORKS_REFRESH_HOURS, or import lists with `npx waxwing networks import`.',
  ),
  'safety.operator_only': kind(
    403,
    'Only the account that runs this installation may do this.',
    'Ask whoever runs it: backups hold the data of every account.',
  ),
  'keys.rotation_under_way': kind(
    409,
    'A rotation of the account’s keys is under way.',
    'Wait for its end: GET /v1/safety/keys tells how far it has come.',
  ),
  'backup.no_folder': kind(
    409,
    'No process of this installation can make backups.',
    'Set WAXWING_BACKUP_DIR for a process with the role worker, or run `waxwing backup` on the server.',
  ),
  'backup.under_way': kind(
    409,
    'A backup or check is under way, or waits for its turn.',
    'Wait for its end: GET /v1/safety/backups tells of it.',
  ),
  'draft.nobody': kind(
    403,
    'An installation link is nobody in particular, so no draft is kept for it.',
    'Sign in as a user.',
  ),
  'draft.too_many': kind(409, 'Drafts of 100 forms are kept already.', 'Finish or discard one of them.'),
  'transport_rule.domain_invalid': kind(
    400,
    'This is not the name of a domain.',
    'Name the part behind the @ of recipients’ addresses, such as example.org.',
  ),
  'transport_rule.too_many': kind(
    409,
    'The account has rules for 1,000 recipient domains already.',
    'Take back one of them, or raise what the account asks for of all.',
  ),
  'transport_release.not_waiting': kind(
    409,
    'No mail waits for this recipient.',
    'It was delivered, given up, cancelled or erased; look at its events.',
  ),
  'transport_release.not_below_policy': kind(
    409,
    'The last attempt was not kept back by the policy on transport, so that a release would change nothing.',
    'Look at the receipt for what the other side answered; retry tries it again.',
  ),
  'transport_release.not_ours': kind(
    409,
    'The recipient’s domain itself asks for the protection that its servers do not give, or the relay’s key is pinned.',
    'Tell the recipient’s organisation, or reach the person in another way; a pin is changed in the server’s settings.',
  ),
  'transport_release.too_many': kind(
    409,
    'Mail to this recipient was released 20 times already.',
    'Look at the receipt for why it is still not taken.',
  ),
  'server.unavailable': kind(
    503,
    'The database cannot be reached, or the server is being stopped.',
    'Try again in a moment; nothing was stored.',
  ),
  'server.busy': kind(
    503,
    'The server works on as many requests of this kind as it takes at once.',
    'Send the same again after the seconds given in Retry-After; nothing was stored.',
  ),
  'server.error': kind(500, 'Something went wrong on our side.', 'Try again; if it stays, tell us the request id.'),
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof problemKinds;

export interface FieldError {
  /** JSON path of the field, such as `to[0]`; never its value. */
  readonly field: string;
  readonly message: string;
}

/** The caller's mistake, thrown where it is found and answered as application/problem+json or an SMTP reply. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly fields: readonly FieldError[];
  /** For `request.rate_limited`: seconds until the next try is taken. */
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ProblemCode, fields: readonly FieldError[] = [], retryAfterSeconds?: number) {
    super(`${code}: ${problemKinds[code].title}`);
    this.code = code;
    this.fields = fields;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  get status(): number {
    return problemKinds[this.code].status;
  }
}
