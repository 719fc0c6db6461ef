/**
 * The receiving side in a process of its own: a mail server with STARTTLS that takes everything, keeps nothing, and tells
 * how many messages came, when the last one did, and how many of them were signed, tracked and came through TLS.
 */
import net from 'node:net';
import tls from 'node:tls';
import { newAuthority } from '../../test/kit/certificates.ts';

export interface SinkCount {
  readonly count: number;
  readonly lastAtMs: number;
  readonly signed: number;
  readonly tracked: number;
  readonly secured: number;
  readonly connections: number;
}

const seen = { count: 0, lastAtMs: 0, signed: 0, tracked: 0, secured: 0, connections: 0 };
const { key, cert } = await (await newAuthority()).issue('127.0.0.1');
const context = tls.createSecureContext({ key, cert });
const dataEnd = Buffer.from('\r\n.\r\n');
const signature = Buffer.from('DKIM-Signature: ');
const tracking = Buffer.from('https://t.clinic.example/');

function converse(socket: net.Socket, isSecure: boolean): void {
  let pending: Buffer = Buffer.alloc(0);
  let isData = false;
  let lookedAt = 0;
  const take = (message: Buffer): void => {
    seen.count += 1;
    seen.lastAtMs = Date.now();
    if (isSecure) seen.secured += 1;
    if (message.subarray(0, 4_000).includes(signature)) seen.signed += 1;
    if (message.includes(tracking)) seen.tracked += 1;
    socket.write('250 2.0.0 taken\r\n');
  };
  const obey = (command: string): void => {
    const verb = command.slice(0, 4).toUpperCase();
    if (verb === 'EHLO')
      socket.write(
        `250-sink.example\r\n${isSecure ? '' : '250-STARTTLS\r\n'}250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 50000000\r\n250-ENHANCEDSTATUSCODES\r\n250 SMTPUTF8\r\n`,
      );
    else if (verb === 'DATA') {
      isData = true;
      lookedAt = 0;
      socket.write('354 go on\r\n');
    } else if (verb === 'STAR') {
      socket.removeAllListeners('data');
      socket.write('220 2.0.0 go on\r\n');
      converse(new tls.TLSSocket(socket, { isServer: true, secureContext: context }), true);
    } else if (verb === 'QUIT') socket.end('221 2.0.0 bye\r\n');
    else socket.write('250 2.0.0 fine\r\n');
  };
  const step = (): boolean => {
    const end = isData ? pending.indexOf(dataEnd, Math.max(0, lookedAt - dataEnd.length)) : pending.indexOf('\r\n');
    if (end < 0) {
      lookedAt = pending.length;
      return false;
    }
    const part = pending.subarray(0, end);
    pending = pending.subarray(end + (isData ? dataEnd.length : 2));
    if (isData) {
      isData = false;
      take(part);
    } else obey(part.toString('latin1'));
    return pending.length > 0;
  };
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    while (step());
  });
}

const server = net.createServer({ noDelay: true }, (socket) => {
  seen.connections += 1;
  socket.write('220 sink.example ESMTP\r\n');
  converse(socket, false);
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 1_024 }, () =>
  process.send?.({ port: (server.address() as net.AddressInfo).port }),
);
process.on('message', () => process.send?.(seen));
process.on('disconnect', () => process.exit());
