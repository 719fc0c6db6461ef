/**
 * Hears the words that processes say to each other by the database (LISTEN, NOTIFY): one connection, opened again when it
 * is lost. Words are hints and carry nothing: whoever waits for one also looks by itself now and then.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

export interface Ear {
  /** What is said now will be heard. */
  isHearing(): boolean;
  close(): Promise<void>;
}

const reconnectMs = 1_000;
/** A dead network says nothing for ever: it is asked. */
const askEveryMs = 15_000;
const answerMs = 5_000;

/**
 * @param say says the word by another connection: only when that is heard is anything believed of this one. Behind a pooler
 * that lends connections by the transaction, for instance, LISTEN succeeds and hears nothing.
 */
export function openEar(
  connection: pg.ClientConfig,
  { word, heard, say }: { readonly word: string; readonly heard: () => void; readonly say: () => Promise<void> },
): Ear {
  const ending = new AbortController();
  let client: pg.Client | undefined;
  let isHearing = false;
  const hear = async (): Promise<void> => {
    const one = new pg.Client({
      connectionTimeoutMillis: answerMs,
      ...connection,
      ...{ query_timeout: answerMs, keepAlive: true, application_name: 'waxwing listening' },
    });
    client = one;
    const lost = new Promise<void>((resolve) => one.on('error', () => resolve()).on('end', () => resolve()));
    one.on('notification', () => {
      isHearing = true;
      heard();
    });
    try {
      await one.connect();
      await one.query(`LISTEN ${pg.escapeIdentifier(word)}`);
      await say();
      while (await quietFor(askEveryMs, lost, ending.signal)) await one.query('SELECT 1');
    } finally {
      isHearing = false;
      await ended(one);
    }
  };
  const hearing = (async () => {
    while (!ending.signal.aborted) {
      await hear().catch(() => undefined); // whoever waits looks by itself meanwhile
      await sleep(reconnectMs, undefined, { signal: ending.signal }).catch(() => undefined);
    }
  })();
  return {
    isHearing: () => isHearing,
    async close() {
      ending.abort();
      if (client !== undefined) await ended(client);
      await hearing;
    },
  };
}

/** A server that does not answer is not waited for. */
const ended = (client: pg.Client): Promise<unknown> =>
  Promise.race([client.end().catch(() => undefined), sleep(1_000, undefined, { ref: false })]);

/** False when the connection went, or all ends, before the time was over. */
async function quietFor(ms: number, lost: Promise<void>, signal: AbortSignal): Promise<boolean> {
  const over = new AbortController();
  const until = AbortSignal.any([signal, over.signal]);
  const waited = sleep(ms, true, { signal: until }).catch(() => false);
  const isQuiet = await Promise.race([waited, lost.then(() => false)]);
  over.abort();
  return isQuiet;
}
