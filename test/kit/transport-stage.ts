/**
 * A stage on which mail travels under policies of transport: a database, a DNS, mail servers called mx.clinic.example and
 * web servers with policies of MTA-STS, all on loopback. Each send tells its first attempt.
 */
import assert from 'node:assert/strict';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createSecureContext } from 'node:tls';
import { Registry } from 'prom-client';
import type { TransportEvidence } from '../../src/core/delivery/evidence.ts';
import type { MinimumTransport } from '../../src/core/delivery/transport.ts';
import { type DeliveryOptions, startDelivery } from '../../src/delivery/index.ts';
import { openEvidence } from '../../src/delivery/stored-evidence.ts';
import { sql } from '../../src/platform/database.ts';
import { createTestAccount } from './account.ts';
import { newAuthority, type TestAuthority, type TestCertificate } from './certificates.ts';
import { type DnsServer, startDnsServer, type Zone } from './dns-server.ts';
import { keysOfRecipient } from './message-keys.ts';
import { queueMessage } from './queued-message.ts';
import { type SinkOptions, type SmtpSink, startSmtpSink } from './smtp-sink.ts';
import { type TestWorld, testWorld } from './world.ts';

export interface Told {
  readonly outcome: string;
  readonly why: string;
  readonly evidence: TransportEvidence | null;
}

export interface Case {
  readonly floor?: MinimumTransport;
  readonly options?: Partial<DeliveryOptions>;
}

/** What the web server says to who asks for a policy. */
export interface PolicyAnswer {
  readonly text: string;
  readonly status?: number;
  readonly type?: string;
  /** Instead of one that is valid for the name. */
  readonly certificate?: TestCertificate;
}

export interface PolicyHost {
  readonly port: number;
  /** Null: it has none. */
  tell(domain: string, answer: string | PolicyAnswer | null): Promise<void>;
}

export interface TransportStage {
  readonly world: TestWorld;
  readonly accountId: string;
  readonly authority: TestAuthority;
  /** Valid for mx.clinic.example. */
  readonly good: TestCertificate;
  readonly dns: DnsServer;
  /** A server that is called mx.clinic.example, whatever it shows. */
  sink(options?: SinkOptions): Promise<SmtpSink>;
  /** A domain of its own for each test, since answers are kept. */
  domainAt(zone?: Zone, hostZone?: Zone): string;
  send(domain: string, port: number, how: Case): Promise<Told>;
  policyHost(): Promise<PolicyHost>;
  closes(one: { close(): Promise<unknown> }): void;
  close(): Promise<void>;
}

export async function transportStage(): Promise<TransportStage> {
  const world = await testWorld();
  const { accountId } = await createTestAccount(world);
  const authority = await newAuthority();
  const good = await authority.issue('mx.clinic.example');
  const dns = await startDnsServer({});
  const opened: { close(): Promise<unknown> }[] = [dns];
  let domains = 0;
  return {
    ...{ world, accountId, authority, good, dns },
    closes: (one) => opened.push(one),
    async sink(options = {}) {
      const started = await startSmtpSink(options);
      opened.push(started);
      return started;
    },
    domainAt(zone = {}, hostZone = {}) {
      domains += 1;
      const domain = `d${domains}.example`;
      dns.tell(domain, { mx: [{ preference: 1, exchange: 'mx.clinic.example' }], ...zone });
      dns.tell('mx.clinic.example', { a: ['127.0.0.1'], ...hostZone });
      return domain;
    },
    send: (domain, port, how) =>
      send(world, accountId, domain, {
        ...how,
        options: { mxPort: port, dnsServers: [dns.address], trusted: [authority.cert], ...how.options },
      }),
    async policyHost() {
      const host = await startPolicyHost(authority, good, dns);
      opened.push(host);
      return host;
    },
    async close() {
      for (const one of opened.reverse()) await one.close();
      await world.close();
    },
  };
}

async function send(
  world: TestWorld,
  accountId: string,
  domain: string,
  { floor = 'opportunistic', options = {} }: Case,
): Promise<Told> {
  const message = await queueMessage(world, {
    ...{ accountId, to: [`ana@${domain}`], octets: 'From: care@clinic.example\r\nSubject: x\r\n\r\nSecret\r\n' },
    header: { minimumTransport: floor },
  });
  const delivery = startDelivery(
    { ...world, metrics: new Registry() },
    { mxPort: 0, trackingUrl: 'https://t.clinic.example', helloName: 'clinic.example', pollMs: 20, ...options },
  );
  try {
    return await firstAttempt(world, accountId, message.recipientIds[0] ?? '');
  } finally {
    await delivery.close();
    await world.db.asAccount(accountId, (tx) =>
      tx.query(sql`DELETE FROM deliveries WHERE account_id = ${accountId} AND message_id = ${message.messageId}`),
    );
  }
}

async function firstAttempt(world: TestWorld, accountId: string, recipientId: string): Promise<Told> {
  const keys = await keysOfRecipient(world, accountId, recipientId);
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; ) {
    const rows = await world.db.readAccount(accountId, (tx) =>
      tx.query<{ outcome: string; why: string; sealed: Buffer | null }>(sql`
        SELECT outcome, why, evidence_sealed AS sealed FROM delivery_attempts
         WHERE recipient_id = ${recipientId} ORDER BY at LIMIT 1`),
    );
    const [row] = rows;
    if (row !== undefined) return { outcome: row.outcome, why: row.why, evidence: openEvidence(keys, row.sealed) };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return assert.fail('no attempt was made');
}

export function assertNothingLeft(told: Told, target: { bodyBytes(): number }, why: string): void {
  assert.deepEqual([told.outcome, told.why, target.bodyBytes()], ['deferred', why, 0]);
}

/** Publishes policies of MTA-STS over HTTPS, as `mta-sts.<domain>`. */
async function startPolicyHost(
  authority: TestAuthority,
  good: TestCertificate,
  dns: DnsServer,
): Promise<PolicyHost & { close(): Promise<void> }> {
  const answers = new Map<string, PolicyAnswer | null>();
  const keys = new Map<string, TestCertificate>();
  const server = createHttpsServer(
    { ...good, SNICallback: (name, done) => done(null, createSecureContext(keys.get(name) ?? good)) },
    (request, response) => {
      const told = answers.get(request.headers.host?.split(':')[0] ?? '') ?? null;
      if (told === null) return response.writeHead(404).end();
      const { status = 200, type = 'text/plain; charset=utf-8', text } = told;
      const moved = status >= 300 && status < 400 ? { location: '/elsewhere' } : {};
      return response.writeHead(status, { 'content-type': type, ...moved }).end(text);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async tell(domain, answer) {
      const name = `mta-sts.${domain}`;
      const told = typeof answer === 'string' ? { text: answer } : answer;
      answers.set(name, told);
      if (told?.certificate !== undefined) keys.set(name, told.certificate);
      else if (!keys.has(name)) keys.set(name, await authority.issue(name));
      dns.tell(name, { a: ['127.0.0.1'] });
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

export const stsPolicy = (mode: string, mx = 'mx.clinic.example', maxAge = 86_400): string =>
  `version: STSv1\r\nmode: ${mode}\r\nmx: ${mx}\r\nmax_age: ${maxAge}\r\n`;
