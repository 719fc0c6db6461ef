/** Everything outside the program that an area may need, handed in by main so that tests can hand in another. */
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Database } from './database.ts';
import type { Vault } from './vault.ts';

export interface Clock {
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };

/** Ids and counts only; never an address, subject, URL or any text of a message. */
export type Log = Pick<Logger, 'info' | 'warn' | 'error' | 'debug' | 'fatal'>;

export interface World {
  readonly db: Database;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Registry;
}

/** Something that runs until it is closed: a listener, a loop. */
export interface Running {
  close(): Promise<void>;
}

export interface Listening extends Running {
  readonly port: number;
}
