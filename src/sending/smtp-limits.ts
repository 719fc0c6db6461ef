/** What one client, one address and all of them together may take up of the submission server. It never blocks: it counts and says no. */

export interface SubmissionLimits {
  readonly maxMessageBytes: number;
  readonly maxRecipients: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** Message bytes in memory over all connections; raised to hold four of the largest messages. */
  readonly maxBytesInFlight: number;
  /** Refused commands of a connection before it is cut. */
  readonly maxErrors: number;
  readonly maxCommandBytes: number;
  /** Failed sign-ins of an address within `loginWindowMs` before it has to wait. */
  readonly maxFailedLogins: number;
  readonly loginWindowMs: number;
  /** From the greeting to a successful AUTH. */
  readonly loginTimeoutMs: number;
  /** Between two commands, and between two packets. RFC 5321 §4.5.3.2.7 asks for five minutes. */
  readonly idleTimeoutMs: number;
  /** For a whole message, so that a client that trickles cannot hold its place for ever. */
  readonly dataTimeoutMs: number;
}

export const defaultSubmissionLimits: SubmissionLimits = {
  maxMessageBytes: 35 * 1024 * 1024,
  maxRecipients: 1_000,
  maxConnections: 1_000,
  maxConnectionsPerAddress: 200,
  maxBytesInFlight: 256 * 1024 * 1024,
  maxErrors: 20,
  maxCommandBytes: 4_096,
  maxFailedLogins: 20,
  loginWindowMs: 5 * 60_000,
  loginTimeoutMs: 60_000,
  idleTimeoutMs: 5 * 60_000,
  dataTimeoutMs: 10 * 60_000,
};

/** A count per name that forgets names at zero. */
export class Tally {
  readonly #counts = new Map<string, number>();

  count(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  add(name: string, by: 1 | -1): void {
    const count = this.count(name) + by;
    if (count > 0) this.#counts.set(name, count);
    else this.#counts.delete(name);
  }
}

/** Bytes held now, against a ceiling. */
export class Budget {
  readonly #maxBytes: number;
  #heldBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** false, taking nothing, when there is no room. */
  take(bytes: number): boolean {
    if (this.#heldBytes + bytes > this.#maxBytes) return false;
    this.#heldBytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#heldBytes -= bytes;
  }
}

/** Failed sign-ins by address within a sliding window. */
export class FailedLogins {
  readonly #limits: Pick<SubmissionLimits, 'maxFailedLogins' | 'loginWindowMs'>;
  readonly #failures = new Map<string, number[]>();
  static readonly #maxAddresses = 10_000;

  constructor(limits: Pick<SubmissionLimits, 'maxFailedLogins' | 'loginWindowMs'>) {
    this.#limits = limits;
  }

  mustWait(address: string, now: Date): boolean {
    return this.#recent(address, now).length >= this.#limits.maxFailedLogins;
  }

  add(address: string, now: Date): void {
    const recent = [...this.#recent(address, now), now.getTime()];
    this.#failures.delete(address);
    this.#failures.set(address, recent);
    if (this.#failures.size > FailedLogins.#maxAddresses) this.#forgetOldest();
  }

  #recent(address: string, now: Date): number[] {
    const since = now.getTime() - this.#limits.loginWindowMs;
    return (this.#failures.get(address) ?? []).filter((atMs) => atMs > since);
  }

  #forgetOldest(): void {
    for (const address of this.#failures.keys()) {
      this.#failures.delete(address);
      return;
    }
  }
}
