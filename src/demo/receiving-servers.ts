/**
 * The other side of the demonstration's internet, on loopback: a mail server that takes everything and keeps it in
 * memory, and a name server that knows who guards the invented domains. Nothing is sent on.
 */
import { createSocket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import { decode, encode } from 'dns-packet';
import { SMTPServer, type SMTPServerDataStream } from 'smtp-server';
import type { Running } from '../platform/world.ts';

const authoritativeAnswer = 1 << 10;
const nxdomain = 3;

export interface MailServer extends Running {
  readonly port: number;
  /** The copy that reached each address, as its bytes came. */
  readonly mailboxes: ReadonlyMap<string, Buffer>;
}

export async function startMailServer(): Promise<MailServer> {
  const mailboxes = new Map<string, Buffer>();
  const server = new SMTPServer({
    name: 'mx.demo.example',
    disabledCommands: ['AUTH'],
    logger: false,
    disableReverseLookup: true,
    onData: (stream, session, done) => {
      readAll(stream).then((bytes) => {
        for (const { address } of session.envelope.rcptTo) mailboxes.set(address.toLowerCase(), bytes);
        done(null);
      }, done);
    },
  });
  server.on('error', () => {}); // a client that hangs up is no event here
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return { port, mailboxes, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

async function readAll(stream: SMTPServerDataStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export async function startNameServer(
  mailExchangers: ReadonlyMap<string, string>,
): Promise<Running & { address: string }> {
  const socket = createSocket('udp4');
  socket.on('message', (bytes, from) => {
    const query = decode(bytes);
    const question = query.questions?.[0];
    if (question === undefined) return;
    const exchange = mailExchangers.get(question.name.toLowerCase());
    const answers =
      exchange !== undefined && question.type === 'MX'
        ? [{ type: 'MX' as const, name: question.name, ttl: 300, data: { preference: 10, exchange } }]
        : [];
    const flags = authoritativeAnswer | (exchange === undefined ? nxdomain : 0);
    const answer = encode({ type: 'response', id: query.id ?? 0, flags, questions: [question], answers });
    socket.send(answer, from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}
