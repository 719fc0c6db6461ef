/**
 * Submission over SMTP (RFC 6409): who may connect, sign in and send, and what they are told. The protocol itself is
 * smtp-connection's, the message acceptance's. No reply and no log line repeats an address or any of the content.
 */
import { domainToASCII } from 'node:url';
import type {
  SMTPServerAddress,
  SMTPServerAuthentication,
  SMTPServerDataStream,
  SMTPServerOptions,
  SMTPServerSession,
} from 'smtp-server';
import { departmentOfMail, type Gate } from '../accounts/index.ts';
import { Problem } from '../contract/problem.ts';
import { parseAddressList } from '../core/message/index.ts';
import { newId } from '../platform/ids.ts';
import type { Caller } from '../platform/route.ts';
import type { Running, World } from '../platform/world.ts';
import { acceptMessage, type Desk, openDesk, type SendingOptions } from './accept-message.ts';
import { keptCertificate, type TlsIdentity } from './certificate.ts';
import { collectMessage } from './collect-message.ts';
import { SubmissionServer } from './smtp-connection.ts';
import { closeServer, type Door, listen, openDoor } from './smtp-door.ts';
import { Budget, defaultSubmissionLimits, FailedLogins, type SubmissionLimits } from './smtp-limits.ts';
import { refusalOf, refusalOfProblem, SmtpRefusal } from './smtp-replies.ts';

export interface SubmissionOptions extends SendingOptions {
  readonly gate: Pick<Gate, 'identifyByApiKey'>;
  /** 0: any free port. */
  readonly port: number;
  /** TLS from the first byte; absent: not offered. */
  readonly smtpsPort?: number;
  readonly host?: string;
  /** In greeting and certificate; never the machine's own name. */
  readonly hostname: string;
  /** PEM; absent: a self-signed certificate is made and kept in `dataDir`. */
  readonly tls?: TlsIdentity;
  readonly dataDir: string;
  readonly limits?: Partial<SubmissionLimits>;
  /** How long messages under way may still come in when the server closes. */
  readonly closeTimeoutMs?: number;
}

export interface Submission extends Running {
  readonly port: number;
  readonly smtpsPort: number | null;
}

/** Whom a session speaks for; the key is asked about again at every message. */
interface SignedIn {
  readonly caller: Caller;
  readonly apiKey: string;
}

interface Reception {
  readonly world: World;
  readonly desk: Desk;
  readonly gate: SubmissionOptions['gate'];
  readonly limits: SubmissionLimits;
  readonly door: Door;
  readonly failedLogins: FailedLogins;
  readonly inFlight: Budget;
}

const userName = 'apikey';

export async function startSubmission(world: World, options: SubmissionOptions): Promise<Submission> {
  const reception = openReception(world, options);
  const tls = options.tls ?? keptCertificate(options.dataDir, options.hostname, world.clock.now());
  const starttls = newServer(reception, options, tls, false);
  const smtps = options.smtpsPort === undefined ? null : newServer(reception, options, tls, true);
  const port = await listen(starttls, options.port, options.host);
  try {
    const smtpsPort = smtps === null ? null : await listen(smtps, options.smtpsPort ?? 0, options.host);
    return {
      port,
      smtpsPort,
      close: async () => {
        await Promise.all([closeServer(starttls), smtps === null ? undefined : closeServer(smtps)]);
      },
    };
  } catch (error) {
    await closeServer(starttls); // half a server nobody could close, and it would keep the process
    throw error;
  }
}

function openReception(world: World, options: SubmissionOptions): Reception {
  const limits = {
    ...defaultSubmissionLimits,
    ...(options.maxMessageBytes === undefined ? {} : { maxMessageBytes: options.maxMessageBytes }),
    ...(options.maxRecipients === undefined ? {} : { maxRecipients: options.maxRecipients }),
    ...options.limits,
  };
  return {
    world,
    desk: openDesk(world, options),
    gate: options.gate,
    limits,
    door: openDoor(limits.maxConnectionsPerAddress),
    failedLogins: new FailedLogins(limits),
    inFlight: new Budget(Math.max(limits.maxBytesInFlight, 4 * limits.maxMessageBytes)),
  };
}

function newServer(
  reception: Reception,
  options: SubmissionOptions,
  tls: TlsIdentity,
  isImplicit: boolean,
): SubmissionServer {
  const { limits, world } = reception;
  const settings: SMTPServerOptions = {
    ...{ key: tls.key, cert: tls.cert, minVersion: 'TLSv1.2', secure: isImplicit },
    ...{ name: options.hostname, heloResponse: '%s', logger: false, disableReverseLookup: true },
    authMethods: ['PLAIN', 'LOGIN'],
    authRequiredMessage: '5.7.0 Sign in first: STARTTLS, then AUTH',
    disabledCommands: ['WIZ', 'SHELL', 'KILL', 'XCLIENT', 'XFORWARD'],
    hideENHANCEDSTATUSCODES: false,
    size: limits.maxMessageBytes,
    maxRecipients: limits.maxRecipients,
    maxCommandLength: limits.maxCommandBytes,
    socketTimeout: limits.idleTimeoutMs,
    closeTimeout: options.closeTimeoutMs ?? 10_000,
    onConnect: (session, done) => done(reception.door.admit(session)),
    onClose: (session) => reception.door.leave(session),
    onAuth: (auth, session, done) =>
      answer(signIn(reception, auth, session), (error, user) => done(error, user === undefined ? undefined : { user })),
    onMailFrom: (address, session, done) => answer(takeSender(reception, address, session), done),
    onRcptTo: (address, session, done) => answer(takeRecipient(address, session), done),
    onData: (stream, session, done) =>
      answer(takeMessage(reception, server, stream, session), (error, id) =>
        done(error, id === undefined ? undefined : `2.0.0 queued as ${id}`),
      ),
  };
  const server: SubmissionServer = new SubmissionServer(settings, limits);
  server.on('error', (error: { code?: unknown }) => world.log.debug({ code: String(error.code) }, 'smtp connection'));
  return server;

  function answer<T>(result: Promise<T>, done: (error: SmtpRefusal | null, value?: T) => void): void {
    result.then(
      (value) => done(null, value),
      (error: unknown) => done(refuse(world, error)),
    );
  }
}

/** Faults of ours are logged by kind alone: a message of an error may hold what the client sent. */
function refuse(world: World, error: unknown): SmtpRefusal {
  const refusal = refusalOf(error);
  if (refusal.responseCode === 451 && !(error instanceof SmtpRefusal))
    world.log.error({ fault: error instanceof Error ? error.constructor.name : typeof error }, 'smtp: answered 451');
  return refusal;
}

async function signIn(
  { world, gate, failedLogins }: Reception,
  auth: SMTPServerAuthentication,
  session: SMTPServerSession,
): Promise<SignedIn> {
  const now = world.clock.now();
  const apiKey = auth.password ?? '';
  const caller = auth.username === userName ? await knownCaller(gate, apiKey, session.remoteAddress) : undefined;
  // Right keys always come in: nobody guesses one, and a whole clinic may share the address of a program with an old key.
  if (caller !== undefined) return { caller, apiKey };
  if (failedLogins.mustWait(session.remoteAddress, now))
    throw new SmtpRefusal(454, '4.7.0 Too many failed sign-ins, wait some minutes');
  failedLogins.add(session.remoteAddress, now);
  throw new SmtpRefusal(
    535,
    '5.7.8 auth.invalid The user is `apikey`, the password a valid API key that may send from here',
  );
}

/** RFC 4954 §6: 454 when the credentials could not be checked. */
const knownCaller = (gate: Reception['gate'], apiKey: string, address: string): Promise<Caller | undefined> =>
  gate.identifyByApiKey(apiKey, address, 'messages.send').catch(() => {
    throw new SmtpRefusal(454, '4.7.0 Sign-ins cannot be checked at the moment, try again');
  });

const signedIn = (session: SMTPServerSession): SignedIn => session.user as SignedIn;

/** The null sender is taken: auto-replies and notifications have it (RFC 3834 §3.3, RFC 6409 §5.2). */
async function takeSender(reception: Reception, sender: SMTPServerAddress, session: SMTPServerSession): Promise<void> {
  if (sender.address !== '' && !isUsableAddress(sender.address, session))
    throw new SmtpRefusal(553, '5.1.7 The sender address is not valid');
  await askAgain(reception, session);
}

/** A session may be open for hours; a revoked key, or one whose maker was deactivated, ends with the next message. */
async function askAgain({ gate }: Reception, session: SMTPServerSession): Promise<Caller> {
  const caller = await gate.identifyByApiKey(signedIn(session).apiKey, session.remoteAddress, 'messages.send');
  if (caller === undefined) throw new SmtpRefusal(530, '5.7.0 The API key is no longer valid');
  return caller;
}

async function takeRecipient(recipient: SMTPServerAddress, session: SMTPServerSession): Promise<void> {
  if (!isUsableAddress(recipient.address, session)) throw refusalOfProblem('message.invalid_address');
}

/** RFC 6531 §3.4: a local part beyond ASCII needs SMTPUTF8 on MAIL; U+FFFD stands where the octets were no UTF-8. */
function isUsableAddress(address: string, session: SMTPServerSession): boolean {
  const local = address.slice(0, address.lastIndexOf('@'));
  if (address.includes('\ufffd') || parseAddressList(address).kind === 'refused') return false;
  if (/\P{ASCII}/u.test(local) && session.envelope.smtpUtf8 !== true)
    throw new SmtpRefusal(553, '5.6.7 The address needs SMTPUTF8');
  return true;
}

async function takeMessage(
  reception: Reception,
  server: SubmissionServer,
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
): Promise<string> {
  const { inFlight, limits } = reception;
  const collected = await collectMessage(stream, inFlight, limits.maxMessageBytes);
  if (collected.kind === 'endless') server.cut(session, 552, refusalOfProblem('message.too_large').message);
  if (collected.kind === 'too-large' || collected.kind === 'endless') throw new Problem('message.too_large');
  if (collected.kind === 'no-room')
    throw new SmtpRefusal(452, '4.3.1 Too much mail is coming in, try again in a moment');
  if (collected.kind === 'broken-off') throw new SmtpRefusal(451, '4.4.2 The connection broke off');
  try {
    const id = await accept(reception, session, collected.octets);
    server.forgive(session);
    return id;
  } finally {
    inFlight.give(collected.octets.length);
  }
}

async function accept(reception: Reception, session: SMTPServerSession, octets: Buffer): Promise<string> {
  const { desk, world } = reception;
  const caller = await askAgain(reception, session); // whoever trickles an envelope or its data gains no time
  const { mailFrom, rcptTo, smtpUtf8 } = session.envelope;
  const acceptedAt = world.clock.now();
  const messageId = newId(acceptedAt);
  const written = (address: string): string => (smtpUtf8 === true ? address : asciiDomain(address));
  await acceptMessage(desk, {
    ...{ messageId, acceptedAt, octets, accountId: caller.accountId, actor: caller.actor, via: 'smtp' },
    departmentId: departmentOfMail(caller, undefined),
    envelopeFrom: mailFrom === false ? '' : written(mailFrom.address),
    recipients: rcptTo.map(({ address }) => ({ address: written(address), wish: {} })),
    ...{ ownTo: false, campaign: null, tags: [], wish: {}, dueAt: acceptedAt, idempotencyKey: null },
  });
  return messageId;
}

/** smtp-server shows every domain in Unicode; without SMTPUTF8 it came in ASCII and goes on so. */
function asciiDomain(address: string): string {
  const at = address.lastIndexOf('@');
  return at < 0 ? address : `${address.slice(0, at)}@${domainToASCII(address.slice(at + 1)) || address.slice(at + 1)}`;
}
