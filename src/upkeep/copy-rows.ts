/**
 * PostgreSQL's COPY over the driver's own connection, in both directions, in its binary form: what comes out of one
 * database goes into another bit by bit. It keeps nothing in memory but the piece in hand.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type pg from 'pg';

/** What of the driver's connection COPY needs; its types leave it out. */
interface CopyConnection {
  readonly stream: Socket;
  query(text: string): void;
  sendCopyFromChunk(chunk: Uint8Array): void;
  endCopyFrom(): void;
  sendCopyFail(why: string): void;
}

const rowsOf = (message: { readonly text?: string }): number =>
  Number(/^COPY (\d+)$/.exec(message.text ?? '')?.[1] ?? 0);

/** A statement that the driver's client runs in its turn: it is told what the server says. */
function statement(text: string, on: { data?: (chunk: Buffer) => void; ready?: (connection: CopyConnection) => void }) {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let rows = 0;
  const nothing = (): void => undefined;
  const submittable = {
    submit: (connection: CopyConnection) => connection.query(text),
    handleCopyInResponse: (connection: CopyConnection) => on.ready?.(connection),
    handleCopyData: (message: { readonly chunk: Buffer }) => on.data?.(message.chunk),
    handleCommandComplete: (message: { readonly text?: string }) => {
      rows = rowsOf(message);
    },
    handleReadyForQuery: () => resolve(rows),
    handleError: (error: Error) => reject(error),
    handleRowDescription: nothing,
    handleDataRow: nothing,
    handlePortalSuspended: nothing,
    handleEmptyQuery: nothing,
  };
  return { promise, submittable };
}

/** Gives how many rows there were. The piece is taken before the next one is read. */
export function copyOut(client: pg.Client, text: string, onChunk: (chunk: Buffer) => void): Promise<number> {
  const { promise, submittable } = statement(text, { data: onChunk });
  client.query(submittable as unknown as pg.Submittable);
  return promise;
}

/** Gives how many rows were stored. A failure of the source fails the statement, and with it the transaction. */
export function copyIn(client: pg.Client, text: string, chunks: AsyncIterable<Uint8Array>): Promise<number> {
  const pump = async (connection: CopyConnection): Promise<void> => {
    try {
      for await (const chunk of chunks) {
        connection.sendCopyFromChunk(chunk);
        if (connection.stream.writableNeedDrain) await once(connection.stream, 'drain');
      }
      connection.endCopyFrom();
    } catch {
      connection.sendCopyFail('the source of the rows failed');
    }
  };
  const { promise, submittable } = statement(text, { ready: (connection) => void pump(connection) });
  client.query(submittable as unknown as pg.Submittable);
  return promise;
}
