/** One clinic on two programs that share a database, a staged clock and a mail server: people who sign in, and mail that arrives. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createAccount } from '../../src/accounts/index.ts';
import { readConfig } from '../../src/config.ts';
import { type Program, startProgram } from '../../src/main.ts';
import { openTestDatabase } from './database.ts';
import { acceptByPassword, codeOf, type Person, personAt, tokenOf } from './person.ts';
import { type SmtpSink, startSmtpSink } from './smtp-sink.ts';
import { type TestClock, testClock } from './world.ts';

export interface Staff extends Person {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly secret: string;
}

export interface Clinic {
  readonly accountId: string;
  readonly apiKey: string;
  readonly owner: Staff;
  linkHolder(): Promise<Person>;
  /** Somebody new, signed in at the first program. */
  join(role: string, wish?: object): Promise<Staff>;
}

export interface Clinics {
  readonly programs: readonly [Program, Program];
  readonly url: string;
  readonly otherUrl: string;
  readonly clock: TestClock;
  readonly sink: SmtpSink;
  readonly logLines: readonly string[];
  newClinic(): Promise<Clinic>;
  /** The same person in another browser. */
  signIn(staff: Staff, over?: { url?: string; agent?: string }): Promise<Person>;
  /** Shows anew who they are. */
  prove(staff: Staff): Promise<void>;
  close(): Promise<void>;
}

const password = 'seven herons over the lake';
let people = 0;

export async function openClinics(): Promise<Clinics> {
  const [database, sink] = [await openTestDatabase(), await startSmtpSink()];
  const dataDirs = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'waxwing-clinics-')));
  const keyFile = join(dataDirs[0] ?? '', 'master.key');
  const clock = testClock('2026-11-22T12:00:00Z');
  const logLines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void logLines.push(line) });
  const start = (dataDir: string): Promise<Program> => {
    const { config } = readConfig({
      DATABASE_URL: database.connectionUrl,
      WAXWING_DATA_DIR: dataDir,
      WAXWING_KEY_FILE: keyFile,
      WAXWING_HTTP_PORT: '0',
      WAXWING_TRACKING_PORT: '0',
      WAXWING_SMTP_PORT: '0',
      WAXWING_SMARTHOST: `smtp://127.0.0.1:${sink.port}`,
      WAXWING_TRUSTED_PROXIES: '127.0.0.1',
      WAXWING_NETWORKS_REFRESH_HOURS: 'off',
    });
    return startProgram(config, { clock, log });
  };
  const programs = [await start(dataDirs[0] ?? ''), await start(dataDirs[1] ?? '')] as const;
  const [url, otherUrl] = programs.map(({ ports }) => `http://127.0.0.1:${ports.http}`) as [string, string];
  const newClinic = (): Promise<Clinic> => makeClinic(programs[0], url, clock);
  return {
    ...{ programs, url, otherUrl, clock, sink, logLines, newClinic },
    signIn: (staff, over = {}) => signIn(staff, clock, { url, agent: staff.agent, ...over }),
    async prove(staff) {
      clock.advance(30_000);
      const proof = { password: { password, code: codeOf(staff.secret, clock) } };
      expect(await staff.ask('POST', '/v1/session/step-up', proof), 200);
    },
    async close() {
      for (const program of programs) await program.close();
      await sink.close();
      await database.close();
      for (const dataDir of dataDirs) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function makeClinic(program: Program, url: string, clock: TestClock): Promise<Clinic> {
  const { accountId, apiKey } = await createAccount(program.world, {
    name: 'Example Clinic',
    actor: { kind: 'system', id: 'test' },
  });
  const linkHolder = async (): Promise<Person> => {
    const person = personAt(url);
    const token = tokenOf(await program.signInLink(accountId));
    expect(await person.ask('POST', '/v1/session', { token }), 200);
    return person;
  };
  const invited = async (inviter: Person, role: string, wish: object): Promise<Staff> => {
    people += 1;
    const [name, email] = [`Person${people} Example`, `person${people}@example.org`];
    const { user, invitation } = expect(await inviter.ask('POST', '/v1/users', { email, name, role, ...wish }), 201);
    const person = personAt(url);
    const { secret } = await acceptByPassword(person, invitation.link, password, clock);
    clock.advance(30_000); // the next code is another one
    return Object.assign(person, { id: user.id as string, name, email, secret });
  };
  const owner = await invited(await linkHolder(), 'owner', {});
  for (const role of ['owner', 'admin', 'compliance', 'sender', 'viewer'])
    expect(await owner.ask('PUT', '/v1/session-limits', { role, idleMinutes: 1440, absoluteMinutes: 10_080 }), 200);
  const join = async (role: string, wish: object = {}): Promise<Staff> => invited(await linkHolder(), role, wish);
  return { accountId, apiKey, owner, linkHolder, join };
}

async function signIn(staff: Staff, clock: TestClock, { url, agent }: { url: string; agent: string }): Promise<Person> {
  clock.advance(30_000);
  const person = Object.assign(personAt(url), { agent, address: staff.address });
  const answer = { email: staff.email, password, code: codeOf(staff.secret, clock) };
  expect(await person.ask('POST', '/v1/sign-in/password', answer), 200);
  return person;
}

/** The body of an answer that must be as expected. */
export function expect({ status, body }: Awaited<ReturnType<Person['ask']>>, wanted: number) {
  if (status !== wanted) throw new Error(`${wanted} was expected, and ${status} came: ${JSON.stringify(body)}`);
  return body;
}
