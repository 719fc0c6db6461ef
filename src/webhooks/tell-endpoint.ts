/**
 * One HTTP request that tells an endpoint something. It goes to a public address only, which is looked at when it is
 * connected to; follows no redirect, takes neither long nor much, and keeps nothing of the answer but its status.
 */
import { type IncomingMessage, Agent as PlainAgent, request as requestByHttp } from 'node:http';
import { request as requestByHttps, Agent as SecureAgent } from 'node:https';
import { rootCertificates } from 'node:tls';
import { outcomeOfStatus, retryAfterOf, type TryOutcome } from '../core/webhooks/after-try.ts';
import { AddressRefused, type LookupAll, publicLookup } from '../platform/public-address.ts';
import { version } from '../version.ts';
import { isTellable } from './endpoint-address.ts';
import { signaturesOf } from './signature.ts';

export interface Told {
  readonly url: string;
  readonly secrets: readonly string[];
  readonly id: string;
  readonly body: string;
  readonly at: Date;
}

export interface Answered {
  readonly outcome: TryOutcome;
  /** Null: nothing was answered. */
  readonly status: number | null;
  readonly retryAfterMs: number | undefined;
}

export interface TellerOptions {
  /** Private networks too, and http on this machine itself. */
  readonly allowsPrivate: boolean;
  /** Default: the system's. */
  readonly lookUp?: LookupAll | undefined;
  /** PEM certificates trusted beside the usual ones. */
  readonly trusted?: readonly string[] | undefined;
  readonly timeoutMs?: number | undefined;
}

export interface Teller {
  tell(told: Told): Promise<Answered>;
  close(): void;
}

const usualTimeoutMs = 15_000;
const maxAnswerBytes = 4_096;
const idleMs = 10_000;

export function openTeller(options: TellerOptions): Teller {
  const agents = openAgents(options);
  return {
    async tell(told) {
      if (!isTellable(told.url, options.allowsPrivate)) return failed('address_refused');
      try {
        return answered(await askTwice(told, agents, options), told.at);
      } catch (error) {
        return failed(outcomeOfError(error));
      }
    },
    close() {
      agents.secure.destroy();
      agents.plain.destroy();
    },
  };
}

interface Agents {
  readonly secure: SecureAgent;
  readonly plain: PlainAgent;
}

/** A connection that is kept goes to the address that was looked at when it was made. */
function openAgents({ allowsPrivate, lookUp, trusted }: TellerOptions): Agents {
  const guarded = allowsPrivate ? {} : { lookup: publicLookup(lookUp) };
  const kept = { keepAlive: true, maxFreeSockets: 64, timeout: idleMs, ...guarded };
  return {
    secure: new SecureAgent({
      ...kept,
      minVersion: 'TLSv1.2',
      ...(trusted === undefined ? {} : { ca: [...rootCertificates, ...trusted] }),
    }),
    plain: new PlainAgent(kept),
  };
}

const failed = (outcome: TryOutcome): Answered => ({ outcome, status: null, retryAfterMs: undefined });

function answered({ status, retryAfter }: StatusOnly, now: Date): Answered {
  return { outcome: outcomeOfStatus(status), status, retryAfterMs: retryAfterOf(retryAfter, now) };
}

interface StatusOnly {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

/** The receiver had closed a connection that was kept, just before it was used again: it is asked once more. */
class KeptConnectionLost extends Error {}

async function askTwice(told: Told, agents: Agents, options: TellerOptions): Promise<StatusOnly> {
  try {
    return await ask(told, agents, options);
  } catch (error) {
    if (error instanceof KeptConnectionLost) return ask(told, agents, options);
    throw error;
  }
}

function ask(told: Told, { secure, plain }: Agents, { timeoutMs }: TellerOptions): Promise<StatusOnly> {
  const url = new URL(told.url);
  const isSecure = url.protocol === 'https:';
  const request = isSecure ? requestByHttps : requestByHttp;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs ?? usualTimeoutMs);
    const asked = request(url, {
      method: 'POST',
      headers: headersOf(told),
      agent: isSecure ? secure : plain,
      signal,
    });
    asked.on('response', (answer) => {
      leave(answer);
      resolve({ status: answer.statusCode ?? 0, retryAfter: answer.headers['retry-after'] });
    });
    asked.on('error', (error: NodeJS.ErrnoException) =>
      reject(asked.reusedSocket && error.code === 'ECONNRESET' ? new KeptConnectionLost() : error),
    );
    asked.end(told.body);
  });
}

/** Standard Webhooks, "Webhook headers". */
function headersOf({ id, body, at, secrets }: Told): Record<string, string | number> {
  const timestampSeconds = Math.floor(at.getTime() / 1_000);
  return {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'user-agent': `Waxwing/${version}`,
    'webhook-id': id,
    'webhook-timestamp': timestampSeconds,
    'webhook-signature': signaturesOf({ id, timestampSeconds, body }, secrets),
  };
}

/** A short answer is read to its end, so that the connection can be used again; what is longer is not waited for. */
function leave(answer: IncomingMessage): void {
  let size = 0;
  answer.on('data', (part: Buffer) => {
    size += part.length;
    if (size > maxAnswerBytes) answer.destroy();
  });
  answer.on('error', () => undefined);
}

const tlsError = /^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO)/;

function outcomeOfError(error: unknown): TryOutcome {
  if (!(error instanceof Error)) return 'unreachable';
  const all = error instanceof AggregateError ? [error, ...error.errors] : [error, error.cause];
  if (all.some((one) => one instanceof AddressRefused)) return 'address_refused';
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'timed_out';
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string' && tlsError.test(code)) return 'tls_failed';
  return code === 'ETIMEDOUT' ? 'timed_out' : 'unreachable';
}
