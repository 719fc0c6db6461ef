/**
 * The submission server's wire: smtp-server's connection made stricter where RFC 5321 is (bare CR or LF, unknown
 * parameters), bounded in time and errors, and quicker to greet. It knows the protocol and no message.
 */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server';
import { SMTPConnection, type SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js';
import { SMTPStream } from 'smtp-server/lib/smtp-stream.js';
import type { SubmissionLimits } from './smtp-limits.ts';

/** Offered parameters, and AUTH, which RFC 4954 §5 has every server accept that offers AUTH. */
const knownMailParameters = new Set(['SIZE', 'BODY', 'SMTPUTF8', 'AUTH']);

export class SubmissionServer extends SMTPServer {
  readonly limits: SubmissionLimits;
  readonly #connections = new WeakMap<SMTPServerSession, SubmissionConnection>();

  constructor(options: SMTPServerOptions, limits: SubmissionLimits) {
    super(options);
    this.limits = limits;
  }

  override connect(socket: Socket | TLSSocket, socketOptions?: SMTPConnectionOptions | null): void {
    const connection = new SubmissionConnection(this, socket, socketOptions);
    this.#connections.set(connection.session, connection);
    this.connections.add(connection);
    connection.on('error', (error: Error) => this._onError(error));
    connection.init();
  }

  /** Answers and hangs up, without waiting for what the client still wants to send. */
  cut(session: SMTPServerSession, code: number, text: string): void {
    this.#connections.get(session)?.cut(code, text);
  }

  /** A message that was taken wipes out earlier errors: a long list may hold many bad addresses. */
  forgive(session: SMTPServerSession): void {
    this.#connections.get(session)?.forgive();
  }

  /** Hangs up on everybody who is not in the middle of a message; those get the time that `closeTimeout` gives. */
  dismissIdle(): void {
    for (const connection of this.connections) {
      if (!connection._handlerPending && !connection._dataStream)
        connection.send(421, '4.3.2 The server is shutting down, try again in a moment');
    }
  }
}

class SubmissionConnection extends SMTPConnection {
  readonly #limits: SubmissionLimits;
  #errorCount = 0;
  #deadline: NodeJS.Timeout | undefined;

  constructor(server: SubmissionServer, socket: Socket | TLSSocket, options?: SMTPConnectionOptions | null) {
    super(server, socket, options);
    this.#limits = server.limits;
  }

  /** Without the library's 100 ms wait for early talkers: whoever may send here has a key, and opens many connections. */
  override init(): void {
    this.#endWithin(this.#limits.loginTimeoutMs);
    this._setListeners(() => {
      if (this._server.connections.size > this.#limits.maxConnections)
        return this.send(421, '4.3.2 Too many connections, try again in a moment');
      this.connectionReady();
    });
  }

  override _createParser(): SMTPStream {
    const parser = new CommandReader({ maxCommandLength: this._server.options.maxCommandLength });
    parser.oncommand = (command, callback) => this._onCommand(command, callback);
    parser.on('error', (error) =>
      error instanceof WireFault ? this.cut(500, error.message) : this.cut(421, '4.3.0 The connection failed'),
    );
    return parser;
  }

  override _onCommand(command: Buffer, callback?: () => void): void {
    if (this.session.user) this.#endWithin(this.#limits.idleTimeoutMs);
    super._onCommand(command, callback);
  }

  override handler_DATA(command: Buffer, callback: () => void): void {
    super.handler_DATA(command, callback);
    if (this._dataStream) this.#endWithin(this.#limits.dataTimeoutMs);
  }

  /** RFC 5321 §4.1.1.11: a parameter of an extension that was not offered is refused, not guessed at. */
  override _rejectInvalidParams(
    parsed: Parameters<SMTPConnection['_rejectInvalidParams']>[0],
    keys: string[],
    callback: () => void,
  ): boolean {
    const known = keys.includes('BODY') ? knownMailParameters : new Set<string>();
    const isUnknown = Object.keys(parsed.args || {}).some((name) => !known.has(name));
    if (!isUnknown && parsed.duplicate === undefined) return super._rejectInvalidParams(parsed, keys, callback);
    this.send(
      isUnknown ? 555 : 501,
      isUnknown ? '5.5.4 A parameter is not supported' : '5.5.4 A parameter is given twice',
    );
    callback();
    return true;
  }

  /** A text that begins with its own enhanced code gets no second one. RFC 4954 §4: no AUTH is offered that would be refused. */
  override send(code: number, given?: string | string[] | null, context?: string | false): void {
    const data = Array.isArray(given) && !this.secure ? given.filter((line) => !line.startsWith('AUTH ')) : given;
    const hasOwnCode = typeof data === 'string' && /^[245]\.\d{1,3}\.\d{1,3} /.test(data);
    if (code >= 500 && ++this.#errorCount > this.#limits.maxErrors)
      super.send(421, '4.7.0 Too many errors, goodbye', false);
    else super.send(code, data, hasOwnCode ? false : context);
  }

  override _onClose(): void {
    clearTimeout(this.#deadline);
    super._onClose();
  }

  cut(code: number, text: string): void {
    this.send(code, text);
    this.close();
  }

  forgive(): void {
    this.#errorCount = 0;
  }

  #endWithin(ms: number): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#expire(ms), ms).unref();
  }

  /** While the client waits for us there is nothing to hold against it. */
  #expire(ms: number): void {
    const isOurTurn = this._handlerPending || (this._dataStream && this._parser && !this._parser._dataMode);
    if (isOurTurn) this.#endWithin(ms);
    else this.cut(421, '4.4.2 Timeout, closing the connection');
  }
}

/** The client broke the rules of the line itself; what follows on this connection cannot be trusted to be what it seems. */
class WireFault extends Error {}

const carriageReturn = 0x0d;
const lineFeed = 0x0a;

/**
 * RFC 5321 §2.3.8: CR and LF come in pairs and nothing else ends a line. The library ends commands at a bare LF too;
 * message data it ends at CRLF.CRLF only, and bare ones inside are refused when the message is read.
 */
class CommandReader extends SMTPStream {
  #afterReturn = false;

  override _write(chunk: Buffer, encoding: BufferEncoding | 'buffer', next: (error?: Error | null) => void): void {
    if (this._dataMode || this.isClosed) this.#afterReturn = false;
    else if (this.#hasBareNewline(chunk)) {
      this.isClosed = true;
      next(new WireFault('5.5.2 A line ends in a bare CR or LF; end lines with CRLF'));
      return;
    }
    super._write(chunk, encoding, next);
  }

  override _commandTooLong(): Error {
    super._commandTooLong();
    return new WireFault('5.5.6 The command line is too long');
  }

  /** A command without its line end is no command, even when the connection ends there. */
  override _flushData(): void {}

  #hasBareNewline(chunk: Buffer): boolean {
    let afterReturn = this.#afterReturn;
    for (const octet of chunk) {
      if (afterReturn !== (octet === lineFeed)) return true;
      afterReturn = octet === carriageReturn;
    }
    this.#afterReturn = afterReturn;
    return false;
  }
}
