/**
 * Takes mail that comes back (RFC 5321), for return addresses of ours and for nobody else. It refuses a forged address
 * before it reads a byte of mail, and never sends anything.
 */
import type { SMTPServerAddress, SMTPServerDataStream, SMTPServerOptions, SMTPServerSession } from 'smtp-server';
import { tlsReportAddress } from '../core/senders/setup.ts';
import { type LookUp, openLookUp } from '../platform/look-up.ts';
import type { Listening, World } from '../platform/world.ts';
import {
  closeServer,
  type Door,
  defaultSubmissionLimits,
  keptCertificate,
  listen,
  openDoor,
  refusalOf,
  SmtpRefusal,
  SubmissionServer,
  type TlsIdentity,
} from '../sending/index.ts';
import { returnPathReader, unsubscribeMailReader } from '../suppressions/index.ts';
import { takeTlsReport } from '../tls-reports/index.ts';
import { collectHead } from './collect-head.ts';
import { takeReturn } from './take-return.ts';
import { takeUnsubscription } from './take-unsubscription.ts';

export interface IntakeOptions {
  /** 0: any free port. */
  readonly port: number;
  readonly host?: string;
  readonly hostname: string;
  /** Of return addresses. */
  readonly domain: string;
  /** PEM; absent: the certificate of submission, self-signed, kept in `dataDir`. */
  readonly tls?: TlsIdentity | undefined;
  readonly dataDir: string;
  /** Asked for the keys of those who report about TLS; none: the system's. */
  readonly dnsServers?: readonly string[] | undefined;
  readonly closeTimeoutMs?: number;
}

/** More than any message that we send, with what a server writes around it. */
const maxReportBytes = 128 * 1024 * 1024;
const keptReportBytes = 512 * 1024;
const maxRecipients = 20;
const limits = {
  ...defaultSubmissionLimits,
  maxMessageBytes: maxReportBytes,
  maxConnections: 500,
  maxConnectionsPerAddress: 50,
  /** Nobody signs in here: a whole session may last so long, and each message its own time. */
  loginTimeoutMs: defaultSubmissionLimits.dataTimeoutMs,
};

interface Reception {
  readonly world: World;
  readonly handleOf: (address: string) => Uint8Array | undefined;
  /** Of who unsubscribes by mail. */
  readonly leaverOf: (address: string) => Uint8Array | undefined;
  /** RFC 5321 §2.3.11 lets us say that its case does not matter. */
  readonly isForTls: (address: string) => boolean;
  readonly door: Door;
  readonly dns: LookUp;
}

export async function startIntake(world: World, options: IntakeOptions): Promise<Listening> {
  const reception: Reception = {
    world,
    handleOf: returnPathReader(world.vault, options.domain),
    leaverOf: unsubscribeMailReader(world.vault, options.domain),
    isForTls: (address) => address.toLowerCase() === tlsReportAddress({ bounceDomain: options.domain }),
    door: openDoor(limits.maxConnectionsPerAddress),
    dns: openLookUp(options.dnsServers ?? []),
  };
  const server = newServer(reception, options);
  const port = await listen(server, options.port, options.host);
  return { port, close: () => closeServer(server) };
}

function newServer(reception: Reception, options: IntakeOptions): SubmissionServer {
  const { world } = reception;
  const tls = options.tls ?? keptCertificate(options.dataDir, options.hostname, world.clock.now());
  const settings: SMTPServerOptions = {
    ...{ key: tls.key, cert: tls.cert, minVersion: 'TLSv1.2', secure: false },
    ...{ name: options.hostname, heloResponse: '%s', logger: false, disableReverseLookup: true },
    authOptional: true,
    disabledCommands: ['AUTH', 'WIZ', 'SHELL', 'KILL', 'XCLIENT', 'XFORWARD'],
    hideENHANCEDSTATUSCODES: false,
    size: maxReportBytes,
    maxRecipients,
    maxCommandLength: limits.maxCommandBytes,
    socketTimeout: limits.idleTimeoutMs,
    closeTimeout: options.closeTimeoutMs ?? 10_000,
    onConnect: (session, done) => done(reception.door.admit(session)),
    onClose: (session) => reception.door.leave(session),
    onMailFrom: (_address, _session, done) => done(), // the null sender above all (RFC 5321 §4.5.5)
    onRcptTo: (address, _session, done) => done(refusalOfRecipient(reception, address)),
    onData: (stream, session, done) =>
      void takeReport(reception, stream, session).then(
        (text) => done(null, text),
        (error: unknown) => done(refuse(world, error)),
      ),
  };
  const server = new SubmissionServer(settings, limits);
  server.on('error', (error: { code?: unknown }) => world.log.debug({ code: String(error.code) }, 'bounce connection'));
  return server;
}

const refusalOfRecipient = (
  { handleOf, leaverOf, isForTls }: Reception,
  { address }: SMTPServerAddress,
): SmtpRefusal | null =>
  handleOf(address) === undefined && leaverOf(address) === undefined && !isForTls(address)
    ? new SmtpRefusal(550, '5.1.1 No such address here')
    : null;

/** Faults are logged by kind alone: a message of an error may hold what was sent. */
function refuse(world: World, error: unknown): SmtpRefusal {
  const refusal = refusalOf(error);
  if (!(error instanceof SmtpRefusal))
    world.log.error({ fault: error instanceof Error ? error.constructor.name : typeof error }, 'bounces: answered 451');
  return refusal;
}

async function takeReport(
  { world, handleOf, leaverOf, isForTls, dns }: Reception,
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
): Promise<string> {
  const head = await collectHead(stream, { keptBytes: keptReportBytes, maxBytes: maxReportBytes });
  if (head.kind === 'too-large') throw new SmtpRefusal(552, '5.3.4 The message is too large');
  if (head.kind === 'broken-off') throw new SmtpRefusal(451, '4.4.2 The connection broke off');
  if (session.envelope.rcptTo.some(({ address }) => isForTls(address)))
    refuseUntaken(await takeTlsReport(world, head.octets, dns));
  const handlesOf = (reader: typeof handleOf): Uint8Array[] =>
    session.envelope.rcptTo.flatMap(({ address }) => reader(address) ?? []);
  const [handles, leavers] = [handlesOf(handleOf), handlesOf(leaverOf)];
  if (handles.length + leavers.length === 0) return '2.0.0 taken';
  const { mailFrom } = session.envelope;
  const mail = { octets: head.octets, envelopeFrom: mailFrom === false ? '' : mailFrom.address };
  const taken = new Set<string>();
  for (const handle of leavers) taken.add(await takeUnsubscription(world, handle, mail));
  for (const handle of handles) taken.add(await takeReturn(world, handle, head.octets));
  // Whoever bounces faster than we note that they took it is asked to come again; what was taken is not taken twice.
  if (taken.has('early')) throw new SmtpRefusal(451, '4.3.2 The delivery is not recorded yet, try again in a moment');
  if (!taken.has('taken') && !taken.has('taken-before')) throw new SmtpRefusal(550, '5.1.1 No such address here');
  return '2.0.0 taken';
}

function refuseUntaken(taken: Awaited<ReturnType<typeof takeTlsReport>>): void {
  if (taken === 'unreadable') throw new SmtpRefusal(554, '5.6.0 This is no report about TLS that can be read');
  if (taken === 'nobody') throw new SmtpRefusal(550, '5.1.1 The report is about no domain of ours');
  // RFC 8460 §3 has such a report ignored; saying so (RFC 7372 §3.1) lets who sent it mend it.
  if (taken === 'unsigned')
    throw new SmtpRefusal(
      550,
      '5.7.20 No DKIM signature of the domain in From that is valid for a report (RFC 8460 section 3)',
    );
  if (taken === 'no-answer') throw new SmtpRefusal(451, '4.4.3 The key of the DKIM signature cannot be had right now');
  if (taken === 'too-many') throw new SmtpRefusal(451, '4.3.2 Too many reports about this domain today');
}
