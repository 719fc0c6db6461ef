/** The way into a server for mail: how many connections one address may hold, where it listens, how it closes. It reads no mail. */
import type { AddressInfo } from 'node:net';
import type { SMTPServerSession } from 'smtp-server';
import type { SubmissionServer } from './smtp-connection.ts';
import { Tally } from './smtp-limits.ts';
import { SmtpRefusal } from './smtp-replies.ts';

export interface Door {
  /** Null: come in. One that is refused takes up no place: whoever hammers must not keep others of his address out. */
  admit(session: SMTPServerSession): SmtpRefusal | null;
  leave(session: SMTPServerSession): void;
}

export function openDoor(maxPerAddress: number): Door {
  const open = new Tally();
  const counted = new WeakSet<SMTPServerSession>();
  return {
    admit(session) {
      if (open.count(session.remoteAddress) >= maxPerAddress)
        return new SmtpRefusal(421, '4.7.0 Too many connections from your address');
      open.add(session.remoteAddress, 1);
      counted.add(session);
      return null;
    },
    leave(session) {
      if (counted.delete(session)) open.add(session.remoteAddress, -1);
    },
  };
}

/** Gives the port; 0 asks for any that is free. */
export function listen(server: SubmissionServer, port: number, host: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    server.server.once('error', reject);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.server.removeListener('error', reject);
      resolve((server.server.address() as AddressInfo).port);
    });
  });
}

export function closeServer(server: SubmissionServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.dismissIdle();
  });
}
