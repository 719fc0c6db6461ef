/**
 * One SMTP connection to a next hop: opens it with the TLS that is demanded, signs in, and hands over prebuilt messages
 * one after another, byte for byte. Its failures are values; it never throws and never logs.
 */
import { isAscii } from 'node:buffer';
import { createHash, type X509Certificate } from 'node:crypto';
import { Readable } from 'node:stream';
import tls from 'node:tls';
import { domainToASCII } from 'node:url';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { Stage } from '../core/delivery/outcome.ts';
import type { Why } from '../core/delivery/reasons.ts';
import { meetsDemand, type TlsDemand, type TlsFacts } from '../core/delivery/transport.ts';
import { checkListedNames } from './certificate-names.ts';
import { isVouchedFor } from './dane.ts';
import { rootsWith } from './trusted-roots.ts';

export interface Login {
  readonly user: string;
  readonly password: string;
}

export interface SessionTarget {
  /** An IP address. */
  readonly address: string;
  readonly port: number;
  /** The name that the certificate must carry and that is kept as the one who took the message. */
  readonly host: string;
  readonly implicitTls: boolean;
  readonly login: Login | null;
  readonly tls: TlsDemand;
  /** Sent with EHLO. */
  readonly helloName: string;
  /** PEM certificates trusted beside the system's. */
  readonly trusted?: readonly string[] | undefined;
  /** The address of ours that the connection comes from; null: the system chooses. */
  readonly source?: string | null | undefined;
  /** Until the session is ready for a message. */
  readonly setupTimeoutMs?: number | undefined;
}

/** One recipient's copy. */
export interface Copy {
  readonly from: string;
  readonly to: string;
  /** Made when a connection is free for it, so that a long line of waiting copies costs no memory. */
  readonly render: () => Promise<Buffer>;
}

export type Refusal = {
  readonly kind: 'refused';
  readonly stage: Stage;
  readonly code: number;
  readonly reply: string;
};
export type Failure = {
  readonly kind: 'failed';
  readonly why: Why;
  /** What was seen of TLS before it was found not to be enough. */
  readonly tls?: TlsFacts | null;
};
export type Transmission =
  | { readonly kind: 'taken'; readonly code: number; readonly reply: string }
  | Refusal
  | Failure
  | { readonly kind: 'impossible'; readonly why: Why };

export interface SmtpSession {
  readonly tls: TlsFacts | null;
  /** TLS was offered and broke, so that clear text is spoken. */
  readonly tlsBroke: boolean;
  /** The IP address of the other side. */
  readonly address: string;
  /** Ours, where one was chosen for it. */
  readonly source: string | null;
  /** Messages handed over so far. */
  readonly sent: () => number;
  /** False once the connection is closed or in doubt. */
  readonly usable: () => boolean;
  /** Rejects only with what `copy.render` throws. */
  readonly send: (copy: Copy) => Promise<Handed>;
  readonly close: () => void;
}

export interface Handed {
  readonly end: Transmission;
  /** The next hop has answered nothing of this message, so that another connection may try at once. */
  readonly unheard: boolean;
  /** Bytes of the message were on their way. */
  readonly bodyBegan: boolean;
}

export type Opening = { readonly kind: 'open'; readonly session: SmtpSession } | Refusal | Failure;

/**
 * RFC 5321 §4.5.3.2 asks for 5 minutes for the greeting and most replies and 10 after the final dot. A session must be
 * ready in half a minute here, because another host or a later attempt can take over; a message that is under way gets all ten.
 */
const setupTimeoutMs = 30_000;
/** The greeting may come late, and the replies after it too: in all no more than this many times as long. */
const setupsInAll = 2;
const silenceTimeoutMs = 600_000;
const farewellMs = 2_000;

export async function openSession(target: SessionTarget): Promise<Opening> {
  const first = await connect(target, false);
  if (first.kind === 'tls-broken') {
    // RFC 7435: where clear text is allowed, a broken handshake must not be worse than no TLS at all.
    if (target.tls === 'if-offered' && !target.implicitTls) return settled(await connect(target, true), target, true);
    return { kind: 'failed', why: first.certificate ? 'tls.certificate' : 'tls.handshake' };
  }
  return settled(first, target);
}

type Connected =
  | { readonly kind: 'connected'; readonly connection: SMTPConnection }
  | { readonly kind: 'tls-broken'; readonly certificate: boolean }
  | Refusal
  | Failure;

async function settled(connected: Connected, target: SessionTarget, tlsBroke = false): Promise<Opening> {
  if (connected.kind === 'tls-broken') return { kind: 'failed', why: 'tls.handshake' };
  if (connected.kind !== 'connected') return connected;
  const { connection } = connected;
  const facts = tlsFacts(connection, target);
  const refuse = (why: Why): Failure => {
    connection.close();
    return { kind: 'failed', why, tls: facts };
  };
  if (!meetsDemand(target.tls, facts)) return refuse(whyUnmet(target.tls, facts));
  if (target.login !== null) {
    if (facts === null && !isLoopback(target.address)) return refuse('tls.needed_for_login');
    const refusal = await login(connection, target.login, target);
    if (refusal !== null) return refusal;
  }
  return { kind: 'open', session: { ...sessionOn(connection, facts, target), tlsBroke } };
}

function whyUnmet(demand: TlsDemand, facts: TlsFacts | null): Why {
  if (facts === null) return 'tls.not_offered';
  if (typeof demand === 'string') return demand === 'verified' ? 'tls.certificate' : 'tls.handshake';
  return demand.kind === 'dane' ? 'dane.mismatch' : 'tls.pin';
}

function connect(target: SessionTarget, ignoreTls: boolean): Promise<Connected> {
  const isSecret = target.tls !== 'if-offered';
  const connection = new SMTPConnection({
    host: target.address,
    port: target.port,
    name: target.helloName,
    secure: target.implicitTls,
    ignoreTLS: ignoreTls,
    requireTLS: isSecret && !target.implicitTls,
    opportunisticTLS: !isSecret,
    connectionTimeout: target.setupTimeoutMs ?? setupTimeoutMs,
    greetingTimeout: target.setupTimeoutMs ?? setupTimeoutMs,
    ...(target.source == null ? {} : { localAddress: target.source }),
    socketTimeout: silenceTimeoutMs,
    socketCloseTimeout: 1_000,
    maxResponseSize: 64 * 1024,
    tls: tlsOptions(target),
  });
  return new Promise((resolve) => {
    let securing = false;
    const waiting = endWhenSilent(connection, target, () =>
      resolve(failedConnect(silence, connection.upgrading === true)),
    );
    connection.once('error', (error: SmtpError) => {
      connection.on('error', () => {});
      clearTimeout(waiting);
      securing ||=
        target.implicitTls && error.command === 'CONN' && error.responseCode === undefined && isTlsError(error);
      resolve(failedConnect(error, securing || connection.upgrading === true));
    });
    connection.connect((error) => {
      clearTimeout(waiting);
      if (error) return resolve(failedConnect(error as SmtpError, connection.upgrading === true));
      resolve({ kind: 'connected', connection });
    });
  });
}

/** Beside the timeouts of connecting and of the greeting, for replies to what is said before the first message. */
function endWhenSilent(
  connection: SMTPConnection,
  target: Pick<SessionTarget, 'setupTimeoutMs'>,
  tell: () => void,
): NodeJS.Timeout {
  return setTimeout(
    () => {
      tell();
      connection.close();
    },
    setupsInAll * (target.setupTimeoutMs ?? setupTimeoutMs),
  );
}

interface SmtpError extends Error {
  readonly code?: string;
  readonly originalCode?: string;
  readonly command?: string;
  readonly responseCode?: number;
  readonly response?: string;
}

function failedConnect(error: SmtpError, securing: boolean): Connected {
  if (error.command === 'STARTTLS' && error.responseCode !== undefined && error.code === 'ETLS')
    return { kind: 'failed', why: 'tls.not_offered' };
  if (securing) return { kind: 'tls-broken', certificate: isCertificateError(error) };
  if (hasReply(error)) return refusal(error);
  return { kind: 'failed', why: whyOf(error) };
}

const silence: SmtpError = Object.assign(new Error('no reply in time'), { code: 'ETIMEDOUT' });

const certificateCodes =
  /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ISSUER|ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH|DEPTH_ZERO|CRL/;
const isCertificateError = (error: SmtpError): boolean => certificateCodes.test(error.originalCode ?? error.code ?? '');
const isTlsError = (error: SmtpError): boolean =>
  isCertificateError(error) || /^(ERR_SSL|ERR_TLS|EPROTO)/.test(error.originalCode ?? error.code ?? '');

const whyByErrno: Readonly<Record<string, Why>> = {
  ECONNREFUSED: 'connection.refused',
  ETIMEDOUT: 'connection.timeout',
  EHOSTUNREACH: 'connection.unreachable',
  ENETUNREACH: 'connection.unreachable',
  EADDRNOTAVAIL: 'connection.unreachable',
  EDNS: 'dns.unresolved',
  EPROTOCOL: 'connection.failed',
};
const whyOf = (error: SmtpError): Why =>
  whyByErrno[error.originalCode ?? ''] ?? whyByErrno[error.code ?? ''] ?? 'connection.lost';

const stageByCommand: Readonly<Record<string, Stage>> = {
  CONN: 'greeting',
  EHLO: 'hello',
  HELO: 'hello',
  STARTTLS: 'tls',
  'MAIL FROM': 'mail',
  'RCPT TO': 'rcpt',
};

const hasReply = ({ response }: SmtpError): boolean => typeof response === 'string' && response !== '';

/** RFC 5321 §4.2.1: 4yz and 5yz refuse. Anything else in their place shows that the two sides are out of step. */
const refusingLine = /^[45]\d\d(?:[ -]|$)/;

function refusal(error: SmtpError): Refusal | Failure {
  if (!refusingLine.test(firstLine(error.response ?? ''))) return { kind: 'failed', why: 'connection.failed' };
  const command = error.command ?? '';
  const stage: Stage = command.startsWith('AUTH')
    ? 'auth'
    : command === 'DATA'
      ? error.code === 'EMESSAGE'
        ? 'body'
        : 'data'
      : (stageByCommand[command] ?? 'greeting');
  return { kind: 'refused', stage, code: error.responseCode ?? 0, reply: error.response ?? '' };
}

const firstLine = (reply: string): string => reply.split(/\r?\n/, 1)[0] ?? '';

/** RFC 5321 §4.2.1: every line bears the same code. Of `250-` and then `550` nobody knows whether it was taken. */
const isAcceptance = (reply: string): boolean => reply.split(/\r?\n/).every((line) => /^2\d\d(?:[ -]|$)/.test(line));

function login(
  connection: SMTPConnection,
  { user, password }: Login,
  target: Pick<SessionTarget, 'setupTimeoutMs'>,
): Promise<Refusal | Failure | null> {
  return new Promise((resolve) => {
    const waiting = endWhenSilent(connection, target, () => resolve({ kind: 'failed', why: 'connection.timeout' }));
    connection.once('error', (error: SmtpError) => {
      clearTimeout(waiting);
      resolve({ kind: 'failed', why: whyOf(error) });
    });
    connection.login({ user, pass: password }, (error) => {
      clearTimeout(waiting);
      if (!error) return resolve(null);
      connection.close();
      const failed = error as SmtpError;
      resolve(failed.responseCode === undefined ? { kind: 'failed', why: 'reply.bad_login' } : refusal(failed));
    });
  });
}

/** What nodemailer keeps in fields that its types do not name. */
interface Inner {
  /** That the EHLO reply offered. */
  readonly _supportedExtensions?: readonly string[];
  /** Replies that came and were not looked at yet. */
  readonly _responseQueue?: readonly string[];
  /** The message that is on its way; false: its last byte went out. */
  readonly _currentDataStream?: unknown;
}

function sessionOn(
  connection: SMTPConnection,
  facts: TlsFacts | null,
  target: SessionTarget,
): Omit<SmtpSession, 'tlsBroke'> {
  let sent = 0;
  let usable = true;
  connection.once('end', () => {
    usable = false;
  });
  connection.on('error', () => {});
  const smtpUtf8 = (connection as unknown as Inner)._supportedExtensions?.includes('SMTPUTF8') ?? false;
  return {
    tls: facts,
    address: target.address,
    source: target.source ?? null,
    sent: () => sent,
    usable: () => usable && !connection.destroyed,
    async send(copy) {
      const envelope = envelopeFor(copy, smtpUtf8);
      if (envelope === null)
        return { end: { kind: 'impossible', why: 'address.needs_smtputf8' }, unheard: false, bodyBegan: false };
      const bytes = await copy.render();
      sent += 1;
      connection.lastServerResponse = false;
      const { end, bodyBegan, isCut } = await transmit(connection, envelope, bytes);
      if (end.kind === 'failed' || isCut) usable = false;
      // A refused command leaves the transaction open; RFC 5321 §4.1.1.5: RSET ends it.
      else if (end.kind === 'refused' && usable) usable = end.code !== 421 && (await reset(connection));
      return { end, unheard: end.kind === 'failed' && unanswered(connection), bodyBegan };
    },
    close() {
      if (usable && !connection.destroyed) {
        connection.quit();
        setTimeout(() => connection.close(), farewellMs).unref();
      } else connection.close();
      usable = false;
    },
  };
}

/** Read in a function of its own: the compiler does not see that a call in between changes it. */
const unanswered = (connection: SMTPConnection): boolean => connection.lastServerResponse === false;

interface Envelope {
  readonly from: string;
  readonly to: string[];
}

/** RFC 6531: without SMTPUTF8 a domain can still go in its ASCII form (RFC 5890), a local part cannot. */
function envelopeFor(copy: Copy, smtpUtf8: boolean): Envelope | null {
  if (smtpUtf8) return { from: copy.from, to: [copy.to] };
  const from = asciiAddress(copy.from);
  const to = asciiAddress(copy.to);
  return from === null || to === null ? null : { from, to: [to] };
}

const asciiText = /^[\u0020-\u007e]*$/;
function asciiAddress(address: string): string | null {
  if (asciiText.test(address)) return address;
  const at = address.lastIndexOf('@');
  const local = address.slice(0, at);
  const domain = domainToASCII(address.slice(at + 1));
  return asciiText.test(local) && domain !== '' ? `${local}@${domain}` : null;
}

type Transmitted = Pick<Handed, 'end' | 'bodyBegan'> & {
  /** Answered before the message was whole: what goes on going out is no command. */
  readonly isCut: boolean;
};

function transmit(connection: SMTPConnection, envelope: Envelope, bytes: Buffer): Promise<Transmitted> {
  return new Promise((resolve) => {
    const inner = connection as unknown as Inner;
    let bodyBegan = false;
    // Read from when the other side asks for the message (354), and not before.
    const body = new Readable({
      read() {
        // An answer to the message before its first byte: the server is out of step, and gets none.
        if ((inner._responseQueue?.length ?? 0) > 0) return void this.destroy(outOfStep);
        bodyBegan = true;
        this.push(bytes);
        this.push(null);
      },
    });
    // RFC 6152 §3 would have 8-bit bodies converted or bounced at a hop without 8BITMIME. They are sent as they are, as
    // most servers do: converting changes the bytes that a signature covers, and hops that lose the eighth bit are gone.
    const envelopeOfCopy = { ...envelope, size: bytes.length, use8BitMime: !isAscii(bytes) };
    connection.send(envelopeOfCopy, body, (error, info) => {
      const isCut = bodyBegan && inner._currentDataStream !== false;
      const end: Transmission =
        error === null || error === undefined ? acceptance(info.response, isCut) : failedSend(error as SmtpError);
      resolve({ end, bodyBegan, isCut });
    });
  });
}

const outOfStep: SmtpError = Object.assign(new Error('an answer before the question'), { originalCode: 'EPROTOCOL' });

/** Of half a message nobody can say that it was taken. */
const acceptance = (reply: string, isCut: boolean): Transmission =>
  isAcceptance(reply) && !isCut
    ? { kind: 'taken', code: Number.parseInt(reply, 10), reply }
    : { kind: 'failed', why: 'connection.failed' };

function failedSend(error: SmtpError): Transmission {
  if (hasReply(error)) return refusal(error);
  if (error.code === 'EMESSAGE' && error.command === 'MAIL FROM')
    return { kind: 'impossible', why: 'message.too_large' };
  return { kind: 'failed', why: whyOf(error) };
}

function reset(connection: SMTPConnection): Promise<boolean> {
  return new Promise((resolve) => {
    const ended = (): void => resolve(false);
    connection.once('end', ended);
    connection.reset((error) => {
      connection.off('end', ended);
      resolve(!error);
    });
  });
}

function tlsFacts(connection: SMTPConnection, target: SessionTarget): TlsFacts | null {
  const socket = connection._socket;
  if (!(socket instanceof tls.TLSSocket)) return null;
  const leaf = socket.getPeerX509Certificate();
  return {
    protocol: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher()?.standardName ?? socket.getCipher()?.name ?? 'unknown',
    verified: socket.authorized,
    proof: leaf === undefined ? null : proofOf(target.tls, leaf),
    certificate: leaf === undefined ? null : certificateFacts(leaf, socket),
  };
}

function proofOf(demand: TlsDemand, leaf: X509Certificate): TlsFacts['proof'] {
  if (typeof demand === 'string') return null;
  if (demand.kind === 'dane')
    return isVouchedFor(chainFrom(leaf), demand.records, demand.names, Date.now()) ? 'dane' : null;
  const spki = leaf.publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('hex') === demand.spkiSha256 ? 'pin' : null;
}

const longestChain = 10;

function chainFrom(leaf: X509Certificate): X509Certificate[] {
  const chain: X509Certificate[] = [];
  for (let at: X509Certificate | undefined = leaf; at !== undefined && chain.length < longestChain; ) {
    chain.push(at);
    const { issuerCertificate }: X509Certificate = at;
    at = issuerCertificate?.fingerprint256 === at.fingerprint256 ? undefined : issuerCertificate;
  }
  return chain;
}

const certificateFacts = (leaf: X509Certificate, socket: tls.TLSSocket): TlsFacts['certificate'] => ({
  subject: oneLine(leaf.subject),
  issuer: oneLine(leaf.issuer),
  notAfter: leaf.validToDate.toISOString(),
  fingerprint: leaf.fingerprint256.replaceAll(':', '').toLowerCase(),
  verdict: socket.authorized ? 'trusted' : String(socket.authorizationError ?? 'unknown').slice(0, 100),
});

/** As one line of bounded length: the other side chose it. */
const oneLine = (name: string | undefined): string => (name ?? '').replace(/\p{Cc}+/gu, ', ').slice(0, 300);

/**
 * The handshake never refuses a certificate: it is looked at in `meetsDemand` before anything is said, so that what was
 * wrong with it can be told.
 */
function tlsOptions(target: SessionTarget): tls.ConnectionOptions {
  // RFC 7672 §8.1: the base of the TLSA records is the name that is asked for.
  const [name = target.host] = typeof target.tls === 'string' || target.tls.kind === 'pin' ? [] : target.tls.names;
  const named = isName(name) ? { servername: name } : {};
  const isSecret = target.tls !== 'if-offered';
  return {
    ...named,
    rejectUnauthorized: false,
    checkServerIdentity: checkListedNames,
    secureContext: secureContext(isSecret, target.trusted),
  };
}

const isName = (host: string): boolean => !/^[\d.]+$|:/.test(host);

const contexts = new Map<string, tls.SecureContext>();

/** One context per demand and set of roots: building one costs milliseconds. */
function secureContext(isSecret: boolean, trusted: readonly string[] = []): tls.SecureContext {
  const name = `${isSecret}\0${trusted.join('\0')}`;
  const known = contexts.get(name);
  if (known !== undefined) return known;
  const context = tls.createSecureContext({
    ca: rootsWith(trusted),
    // Where clear text would do, old TLS is still better; where it would not, RFC 8996 forbids it.
    ...(isSecret ? { minVersion: 'TLSv1.2' } : { minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' }),
  });
  contexts.set(name, context);
  return context;
}

const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1';
