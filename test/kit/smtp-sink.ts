/**
 * A real receiving mail server on a loopback port. It keeps the bytes that each recipient's copy arrived with, counts
 * every body byte that ever reached it, and answers as a test scripts it. It sends nothing on.
 */
import type { AddressInfo, Socket } from 'node:net';
import type { SecureVersion, TLSSocket } from 'node:tls';
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server';

/** Where in a session a script is asked: `body` when the first body bytes come, `data` after the final dot. */
export type SinkStage = 'connect' | 'mail' | 'rcpt' | 'body' | 'data';

export interface SinkReply {
  readonly code: number;
  /** Several lines become a multi-line reply. */
  readonly text: string | readonly string[];
}

export interface SinkQuestion {
  readonly stage: SinkStage;
  /** The sender at `mail`, the recipient from `rcpt` on. */
  readonly address: string;
  readonly session: string;
}

/** `drop` cuts the connection without a word; nothing accepts, and so does a 250 of one's own at `data`. */
export type SinkAnswer = SinkReply | 'drop' | undefined;
export type SinkScript = (question: SinkQuestion) => SinkAnswer | Promise<SinkAnswer>;

export interface SinkTls {
  readonly key: string;
  readonly cert: string;
  readonly minVersion?: SecureVersion;
  readonly maxVersion?: SecureVersion;
}

export interface SinkOptions {
  /** 0 or absent: any free one. */
  readonly port?: number;
  /** A loopback address; 127.0.0.1 unless told otherwise. */
  readonly host?: string;
  /** With a certificate STARTTLS is offered, or TLS from the first byte when `implicitTls`. */
  readonly tls?: SinkTls;
  readonly implicitTls?: boolean;
  readonly hide?: readonly ('PIPELINING' | '8BITMIME' | 'SMTPUTF8' | 'SIZE')[];
  readonly sizeLimitBytes?: number;
  /** Asks for AUTH: user names and their passwords. */
  readonly users?: Readonly<Record<string, string>>;
  /** false: count only, so that millions of messages fit. */
  readonly keep?: boolean;
  readonly script?: SinkScript;
  readonly onMessage?: (received: Received) => void;
}

export interface Received {
  readonly from: string;
  readonly to: readonly string[];
  readonly bytes: Buffer;
  readonly at: Date;
  /** The protocol version, null in clear text. */
  readonly tls: string | null;
  readonly user: string | null;
  readonly session: string;
  /** The parameters of MAIL FROM, such as BODY=8BITMIME and SMTPUTF8. */
  readonly mailParameters: Readonly<Record<string, unknown>>;
}

export interface SmtpSink {
  readonly port: number;
  readonly received: readonly Received[];
  /** Messages taken with 250, kept or not. */
  readonly count: () => number;
  /** Every body byte that came, of refused and broken messages too. */
  readonly bodyBytes: () => number;
  readonly connectionCount: () => number;
  readonly of: (recipient: string) => readonly Received[];
  /** Replaces the script from now on. */
  readonly answerWith: (script: SinkScript | undefined) => void;
  /** Resolves when `count` messages have been taken; rejects after `withinMs`. */
  readonly waitFor: (count: number, withinMs?: number) => Promise<void>;
  /** Cuts every open connection, as a server does that is going away. */
  readonly dropConnections: () => void;
  readonly close: () => Promise<void>;
}

class SinkRefusal extends Error {
  readonly responseCode: number;

  constructor(reply: SinkReply) {
    super();
    this.responseCode = reply.code;
    // smtp-server writes an array as a multi-line reply.
    this.message = (typeof reply.text === 'string' ? reply.text : [...reply.text]) as string;
  }
}

interface SinkState {
  script: SinkScript | undefined;
  readonly received: Received[];
  count: number;
  bodyBytes: number;
  connections: number;
  readonly waiting: Set<() => void>;
  readonly dropped: Set<string>;
}

type Done = (error?: Error | null, text?: string) => void;

export async function startSmtpSink(options: SinkOptions = {}): Promise<SmtpSink> {
  const state: SinkState = {
    script: options.script,
    received: [],
    count: 0,
    bodyBytes: 0,
    connections: 0,
    waiting: new Set(),
    dropped: new Set(),
  };
  const server = new SMTPServer(serverOptions(options, state, (session) => cut(server, session)));
  server.on('error', () => {}); // a client that goes away is part of the play
  const port = await listen(server, options.port ?? 0, options.host ?? '127.0.0.1');
  return {
    port,
    received: state.received,
    count: () => state.count,
    bodyBytes: () => state.bodyBytes,
    connectionCount: () => state.connections,
    of: (recipient) => state.received.filter((one) => one.to.includes(recipient)),
    answerWith: (script) => {
      state.script = script;
    },
    waitFor: (count, withinMs = 10_000) => waitFor(state, count, withinMs),
    dropConnections: () => dropAll(server),
    close: () => closeServer(server),
  };
}

function serverOptions(options: SinkOptions, state: SinkState, drop: (session: SMTPServerSession) => void) {
  const hidden = new Set(options.hide ?? []);
  const settings: SMTPServerOptions = {
    name: 'sink.example',
    disableReverseLookup: true,
    maxAllowedUnauthenticatedCommands: false,
    closeTimeout: 100,
    hidePIPELINING: hidden.has('PIPELINING'),
    hide8BITMIME: hidden.has('8BITMIME'),
    hideSMTPUTF8: hidden.has('SMTPUTF8'),
    hideSize: hidden.has('SIZE'),
    hideSTARTTLS: options.tls === undefined || options.implicitTls === true,
    secure: options.implicitTls === true,
    authOptional: options.users === undefined,
    lenientAddressParsing: true,
    logger: false,
    ...(options.sizeLimitBytes === undefined ? {} : { size: options.sizeLimitBytes }),
    allowInsecureAuth: true,
    disabledCommands: [
      ...(options.users === undefined ? ['AUTH'] : []),
      ...(options.tls === undefined || options.implicitTls === true ? ['STARTTLS'] : []),
    ],
    ...options.tls,
    ...handlers(options, state, drop),
  };
  return settings;
}

function handlers(options: SinkOptions, state: SinkState, drop: (session: SMTPServerSession) => void) {
  const ask = (stage: SinkStage, address: string, session: SMTPServerSession, done: Done): void => {
    const settle = (answer: SinkAnswer): void => {
      if (answer === 'drop') {
        state.dropped.add(session.id);
        drop(session);
      } else if (!state.dropped.has(session.id)) done(answer === undefined ? null : new SinkRefusal(answer));
    };
    if (state.script === undefined) settle(undefined);
    else void Promise.resolve(state.script({ stage, address, session: session.id })).then(settle);
  };
  const handlersOfSink: SMTPServerOptions = {
    onConnect(session, done) {
      state.connections += 1;
      ask('connect', '', session, done);
    },
    onAuth(auth, _session, done) {
      const known = options.users?.[auth.username ?? ''];
      if (known !== undefined && known === auth.password) done(null, { user: auth.username ?? '' });
      else done(new SinkRefusal({ code: 535, text: 'no such user or password' }));
    },
    onMailFrom: (address, session, done) => ask('mail', address.address, session, done),
    onRcptTo: (address, session, done) => ask('rcpt', address.address, session, done),
    onData(stream, session, done) {
      const recipient = session.envelope.rcptTo[0]?.address ?? '';
      const chunks: Buffer[] = [];
      stream.once('data', () => {
        if (state.script !== undefined) ask('body', recipient, session, () => {});
      });
      stream.on('data', (chunk: Buffer) => {
        state.bodyBytes += chunk.length;
        if (options.keep !== false) chunks.push(chunk);
      });
      stream.on('end', () =>
        ask('data', recipient, session, (refusal) => {
          const isTaken = !(refusal instanceof SinkRefusal) || refusal.responseCode < 300;
          if (isTaken) take(options, state, session, Buffer.concat(chunks));
          done(refusal ?? null, 'taken');
        }),
      );
    },
  };
  return handlersOfSink;
}

function take(options: SinkOptions, state: SinkState, session: SMTPServerSession, bytes: Buffer): void {
  const from = session.envelope.mailFrom;
  const received: Received = {
    from: from === false ? '' : from.address,
    to: session.envelope.rcptTo.map((one) => one.address),
    bytes,
    at: new Date(),
    tls: session.tlsOptions === false ? null : ((session.tlsOptions as { version?: string }).version ?? 'TLS'),
    user: typeof session.user === 'string' ? session.user : null,
    session: session.id,
    mailParameters: from === false || from.args === false ? {} : { ...from.args },
  };
  state.count += 1;
  if (options.keep !== false) state.received.push(received);
  options.onMessage?.(received);
  for (const check of state.waiting) check();
}

function waitFor(state: SinkState, count: number, withinMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      state.waiting.delete(check);
      settle();
    };
    const check = (): void => {
      if (state.count >= count) end(resolve);
    };
    const timer = setTimeout(
      () => end(() => reject(new Error(`the sink took ${state.count} of ${count} messages in ${withinMs} ms`))),
      withinMs,
    );
    state.waiting.add(check);
    check();
  });
}

const socketOf = (connection: object): Socket | TLSSocket | undefined => (connection as { _socket?: Socket })._socket;

function cut(server: SMTPServer, session: SMTPServerSession): void {
  for (const connection of server.connections) if (connection.id === session.id) socketOf(connection)?.destroy();
}

function dropAll(server: SMTPServer): void {
  for (const connection of server.connections) socketOf(connection)?.destroy();
}

function listen(server: SMTPServer, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.server.once('error', reject);
    server.listen(port, host, () => {
      server.server.removeListener('error', reject);
      resolve((server.server.address() as AddressInfo).port);
    });
  });
}

function closeServer(server: SMTPServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    dropAll(server);
  });
}
