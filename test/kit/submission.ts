/** The submission server on free loopback ports, and a raw client that says exactly the bytes a test wants said. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { openGate } from '../../src/accounts/index.ts';
import type { World } from '../../src/platform/world.ts';
import type { SubmissionOptions } from '../../src/sending/index.ts';
import { startSubmission } from '../../src/sending/index.ts';

export const testHostname = 'submit.clinic.example';

export async function startTestSubmission(world: World, options: Partial<SubmissionOptions> = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), 'waxwing-submission-'));
  const submission = await startSubmission(world, {
    gate: openGate(world, { publicUrl: 'http://127.0.0.1:3000' }),
    port: 0,
    smtpsPort: 0,
    host: '127.0.0.1',
    hostname: testHostname,
    dataDir,
    trackingUrl: 'https://t.clinic.example',
    closeTimeoutMs: 500,
    ...options,
  });
  return {
    port: submission.port,
    smtpsPort: submission.smtpsPort ?? 0,
    dataDir,
    close: async () => {
      await submission.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

export class RawClient {
  #socket: Socket;
  greeting = '';
  #text = '';
  #isClosed = false;
  #wake = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  static async connect(port: number): Promise<RawClient> {
    const client = new RawClient(connectTcp(port, '127.0.0.1'));
    client.greeting = await client.reply();
    return client;
  }

  /** Connected, greeted, under TLS and signed in. */
  static async signedIn(port: number, apiKey: string): Promise<RawClient> {
    const client = await RawClient.secure(port);
    await client.say(`AUTH PLAIN ${Buffer.from(`\0apikey\0${apiKey}`).toString('base64')}`);
    return client;
  }

  static async secure(port: number): Promise<RawClient> {
    const client = await RawClient.connect(port);
    await client.say('EHLO client.example');
    await client.say('STARTTLS');
    await client.startTls();
    await client.say('EHLO client.example');
    return client;
  }

  async startTls(): Promise<void> {
    this.#socket.removeAllListeners();
    const socket = connectTls({ socket: this.#socket, rejectUnauthorized: false });
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
    });
    this.#socket = socket;
    this.#listen();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  write(bytes: string | Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  /** Waits until the socket has room again. */
  async writeAll(bytes: Uint8Array): Promise<void> {
    const socket = this.#socket;
    if (socket.writable) await new Promise<void>((resolve) => socket.write(bytes, () => resolve()));
  }

  /** A command and its whole reply. */
  say(command: string): Promise<string> {
    this.write(`${command}\r\n`);
    return this.reply();
  }

  /** The next whole reply, multi-line ones together; empty when the server has hung up. */
  async reply(withinMs = 10_000): Promise<string> {
    const until = performance.now() + withinMs;
    for (;;) {
      const match = /^(?:\d{3}-[^\r\n]*\r\n)*\d{3} [^\r\n]*\r\n/.exec(this.#text);
      if (match) {
        this.#text = this.#text.slice(match[0].length);
        return match[0].slice(0, -2);
      }
      if (this.#isClosed) return '';
      const leftMs = until - performance.now();
      if (leftMs <= 0) throw new Error('no reply in time');
      await this.#more(leftMs);
    }
  }

  /** Everything said until the server hangs up. */
  async rest(withinMs = 10_000): Promise<string> {
    const until = performance.now() + withinMs;
    while (!this.#isClosed) {
      if (performance.now() > until) throw new Error('the server did not hang up');
      await this.#more(until - performance.now());
    }
    return this.#text;
  }

  /** MAIL, RCPT and DATA, ready for content. */
  async envelope(from: string, ...to: readonly string[]): Promise<void> {
    await this.say(`MAIL FROM:<${from}>`);
    for (const address of to) await this.say(`RCPT TO:<${address}>`);
    await this.say('DATA');
  }

  /** The reply to a message's octets and the final dot; dots are doubled. */
  async content(octets: string | Uint8Array): Promise<string> {
    const stuffed = Buffer.from(octets).toString('latin1').replace(/^\./gm, '..');
    this.write(Buffer.from(`${stuffed}.\r\n`, 'latin1'));
    return await this.reply();
  }

  close(): void {
    this.#socket.destroy();
  }

  #more(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #listen(): void {
    this.#socket.on('data', (bytes: Buffer) => {
      this.#text += bytes.toString();
      this.#wake();
    });
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.#isClosed = true;
      this.#wake();
    });
  }
}

/** Header lines and text joined as they go over the wire. */
export const mail = (...lines: readonly string[]): string => `${lines.join('\r\n')}\r\n`;
