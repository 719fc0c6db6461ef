/** A mail server that answers as a test says, and otherwise as a good one would. It keeps what it heard. */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { TestCertificate } from './certificates.ts';

export type StrangeStage =
  | 'greeting'
  | 'ehlo'
  | 'helo'
  | 'starttls'
  | 'mail'
  | 'rcpt'
  | 'data'
  /** The first bytes of a message came; an answer now is one too early. */
  | 'begins'
  | 'body'
  | 'rset'
  | 'quit';
/** The bytes of the answer, and whether the connection ends after them; undefined: as a good server would. */
export type StrangeAnswer = string | Buffer | { readonly bytes: string | Buffer; readonly ends: true } | undefined;
export type StrangeScript = (stage: StrangeStage, session: Session) => StrangeAnswer;

interface Session {
  readonly number: number;
  isSecure: boolean;
  /** Commands, in order, without their parameters. */
  readonly heard: string[];
}

export interface StrangeServer {
  close(): void;
  readonly port: number;
  readonly sessions: Session[];
  /** Bodies as they came, with dots as they were sent. */
  readonly bodies: string[];
  readonly heard: () => string[];
}

const usual: Readonly<Partial<Record<StrangeStage, string>>> = {
  greeting: '220 strange.example ESMTP\r\n',
  ehlo: '250-strange.example\r\n250 8BITMIME\r\n',
  helo: '250 strange.example\r\n',
  starttls: '220 go\r\n',
  mail: '250 ok\r\n',
  rcpt: '250 ok\r\n',
  data: '354 go\r\n',
  body: '250 taken\r\n',
  rset: '250 ok\r\n',
  quit: '221 bye\r\n',
};
const stageOf = (line: string): StrangeStage => (line.split(/[ :]/, 1)[0] ?? '').toLowerCase() as StrangeStage;

/** @param certificate shown where STARTTLS is answered with 220. */
export async function startStrangeServer(
  certificate: TestCertificate,
  script: StrangeScript = () => undefined,
): Promise<StrangeServer> {
  const sessions: Session[] = [];
  const bodies: string[] = [];
  const server = createServer((socket) => {
    const session: Session = { number: sessions.length, isSecure: false, heard: [] };
    sessions.push(session);
    serve(socket, session, script, { certificate, bodies });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const heard = (): string[] => sessions.flatMap((one) => one.heard);
  return { port: (server.address() as AddressInfo).port, sessions, bodies, heard, close: () => server.close() };
}

interface Keeping {
  readonly certificate: TestCertificate;
  readonly bodies: string[];
}

function serve(plain: Socket, session: Session, script: StrangeScript, { certificate, bodies }: Keeping): void {
  let socket: Socket = plain;
  let pending = '';
  let isBody = false;
  let hasBegun = false;
  const answer = (stage: StrangeStage): boolean => {
    const told = script(stage, session);
    const bytes = told ?? usual[stage] ?? '250 ok\r\n';
    if (typeof bytes === 'string' || Buffer.isBuffer(bytes)) socket.write(bytes);
    else socket.end(bytes.bytes);
    return told === undefined;
  };
  const take = (text: string): void => {
    const stage: StrangeStage = isBody ? 'body' : stageOf(text);
    if (isBody) bodies.push(`${text}\r\n`);
    else session.heard.push(stage);
    const isUsual = answer(stage);
    isBody = stage === 'data' && isUsual;
    if (stage === 'starttls' && isUsual) secure();
  };
  const hear = (chunk: Buffer): void => {
    pending += chunk.toString('latin1');
    if (isBody && !hasBegun) {
      hasBegun = true;
      const early = script('begins', session);
      if (typeof early === 'string') socket.write(early);
    }
    for (;;) {
      const mark = isBody ? '\r\n.\r\n' : '\r\n';
      const end = pending.indexOf(mark);
      if (end < 0) return;
      const text = pending.slice(0, end);
      pending = pending.slice(end + mark.length);
      take(text);
    }
  };
  const secure = (): void => {
    plain.removeListener('data', hear);
    socket = new TLSSocket(plain, { isServer: true, ...certificate });
    session.isSecure = true;
    socket.on('error', () => undefined);
    socket.on('data', hear);
  };
  plain.on('error', () => undefined);
  plain.on('data', hear);
  answer('greeting');
}
