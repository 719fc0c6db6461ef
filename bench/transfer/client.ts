/**
 * The sending side in a process of its own: connections that are opened and signed in first and then hand over messages
 * one after the other, each when the one before has its `250`. As cheap as can be, since it shares the machine.
 */
import net from 'node:net';
import tls from 'node:tls';
import { letter } from './letter.ts';

export interface ClientOrder {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly connections: number;
  readonly messages: number;
}

export interface ClientReport {
  readonly beganAtMs: number;
  readonly acceptedPerSecond: number;
  /** From MAIL to the `250` behind the data. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Line {
  /** Writes, and gives the reply's code; another one than is wanted fails. */
  say(text: string | Buffer, wanted: number): Promise<void>;
  hear(wanted: number): Promise<void>;
  secure(): Promise<void>;
  close(): void;
}

const ended = Buffer.concat([letter, Buffer.from('.\r\n')]);

function connect(port: number): Line {
  let socket: net.Socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  let heard = '';
  let waiting: { readonly wanted: number; readonly done: () => void; readonly fail: (error: Error) => void } | null =
    null;
  const settle = (): void => {
    const last = /(?:^|\n)(\d{3}) [^\n]*\n$/.exec(heard);
    if (last === null || waiting === null) return;
    const { wanted, done, fail } = waiting;
    const reply = heard;
    heard = '';
    waiting = null;
    if (Number(last[1]) === wanted) done();
    else fail(new Error(`expected ${wanted}, heard ${reply.trim()}`));
  };
  const listen = (): void => {
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      heard += text;
      settle();
    });
    socket.on('error', (error) => waiting?.fail(error));
    socket.on('close', () => waiting?.fail(new Error('the server hung up')));
  };
  listen();
  const hear = (wanted: number): Promise<void> =>
    new Promise((done, fail) => {
      waiting = { wanted, done, fail };
      settle();
    });
  return {
    hear,
    say(text, wanted) {
      socket.write(text);
      return hear(wanted);
    },
    async secure() {
      const plain = socket.removeAllListeners('data').removeAllListeners('close');
      socket = tls.connect({ socket: plain, rejectUnauthorized: false });
      await new Promise((done) => socket.once('secureConnect', done));
      socket.setNoDelay(true);
      listen();
    },
    close: () => void socket.destroy(),
  };
}

async function signIn({ port, user, password }: ClientOrder): Promise<Line> {
  const line = connect(port);
  await line.hear(220);
  await line.say('EHLO client.example\r\n', 250);
  await line.say('STARTTLS\r\n', 220);
  await line.secure();
  await line.say('EHLO client.example\r\n', 250);
  await line.say(`AUTH PLAIN ${Buffer.from(`\0${user}\0${password}`).toString('base64')}\r\n`, 235);
  return line;
}

async function handOver(order: ClientOrder): Promise<ClientReport> {
  const lines: Line[] = [];
  for (let n = 0; n < order.connections; n++) lines.push(await signIn(order));
  const tookMs: number[] = [];
  let begun = 0;
  const beganAtMs = Date.now();
  const began = performance.now();
  await Promise.all(
    lines.map(async (line) => {
      while (begun < order.messages) {
        const number = ++begun;
        const at = performance.now();
        await line.say('MAIL FROM:<care@clinic.example> BODY=8BITMIME\r\n', 250);
        await line.say(`RCPT TO:<person${number}@example.org>\r\n`, 250);
        await line.say('DATA\r\n', 354);
        await line.say(ended, 250);
        tookMs.push(performance.now() - at);
      }
    }),
  );
  const acceptedPerSecond = (order.messages / (performance.now() - began)) * 1_000;
  for (const line of lines) line.close();
  tookMs.sort((one, other) => one - other);
  const at = (part: number): number => tookMs[Math.min(tookMs.length - 1, Math.floor(tookMs.length * part))] ?? 0;
  return { beganAtMs, acceptedPerSecond, p50Ms: at(0.5), p99Ms: at(0.99) };
}

process.on('message', (order: ClientOrder) => {
  handOver(order).then(
    (report) => process.send?.(report),
    (error: Error) => process.send?.({ broken: error.message }),
  );
});
process.on('disconnect', () => process.exit());
process.send?.({});
