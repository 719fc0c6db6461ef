/** Clinics with an identity provider, in a laboratory of our server and a real provider; and the browsers that go between both. */
import assert from 'node:assert/strict';
import type { z } from 'zod';
import { accountRoutes, createSignInLink } from '../../src/accounts/index.ts';
import type { checkSignOnDomains } from '../../src/contract/single-sign-on.ts';
import { sql } from '../../src/platform/database.ts';
import { singleSignOnRoutes } from '../../src/single-sign-on/index.ts';
import { createTestAccount } from './account.ts';
import type { Answer as RouteAnswer } from './answer.ts';
import { startApi, type TestApi } from './api.ts';
import { type DnsServer, startDnsServer } from './dns-server.ts';
import { type IdentityProvider, startIdentityProvider, Wanderer } from './identity-provider.ts';
import { type Person, personAt, tokenOf } from './person.ts';
import { type TestWorld, testWorld } from './world.ts';

export const publicUrl = 'http://127.0.0.1';
export const clientSecret = 'a secret of forty letters and some digits 12';
const system = { kind: 'system', id: 'test' } as const;

export interface Connection {
  readonly id: string;
  readonly redirectUri: string;
  readonly logoutUri: string;
  readonly [other: string]: unknown;
}

export type DomainProof = z.output<typeof checkSignOnDomains.result>['domains'][number];

export interface Clinic {
  readonly accountId: string;
  readonly holder: Person;
  readonly domain: string;
  readonly connection: Connection;
}

export interface Answer {
  readonly connectionId: string;
  readonly response: string;
}

/** A browser with both jars: ours, where cookies are kept by name, and the provider's. */
export class Visitor {
  readonly wanderer = new Wanderer();
  readonly jar = new Map<string, string>();
  private readonly base: Person;

  constructor(url: string) {
    this.base = personAt(url);
  }

  async ask(method: string, path: string, body?: unknown): Promise<RouteAnswer> {
    this.base.cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await this.base.ask(method, path, body);
    for (const line of answer.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const [name = '', value = ''] = pair.split(/=(.*)/s);
      if (value === '') this.jar.delete(name);
      else this.jar.set(name, value);
    }
    return answer;
  }

  /** To the provider and back; gives what it brought back. */
  async fetchAnswer(asked: object): Promise<Answer> {
    const begun = await this.ask('POST', '/v1/sign-in/sso', asked);
    assert.equal(begun.status, 200, JSON.stringify(begun.body));
    return this.bringBack(begun.body.url);
  }

  async bringBack(url: string, wanderer = this.wanderer): Promise<Answer> {
    const back = await wanderer.go(url);
    const [, , , connectionId = ''] = back.pathname.split('/');
    return { connectionId, response: back.search.slice(1) };
  }

  finish = (answer: object): Promise<RouteAnswer> => this.ask('POST', '/v1/sign-in/sso/finish', answer);

  async signIn(asked: object): Promise<RouteAnswer> {
    return this.finish(await this.fetchAnswer(asked));
  }
}

export class SignOnLab {
  readonly world: TestWorld;
  readonly api: TestApi;
  readonly idp: IdentityProvider;
  readonly dns: DnsServer;
  private clinics = 0;

  private constructor(world: TestWorld, api: TestApi, idp: IdentityProvider, dns: DnsServer) {
    this.dns = dns;
    this.world = world;
    this.api = api;
    this.idp = idp;
  }

  static async open(allowsInnerProviders = true): Promise<SignOnLab> {
    const [idp, dns] = [await startIdentityProvider(), await startDnsServer({})];
    const world = await testWorld(new Date().toISOString());
    const api = await startApi(
      world,
      (gate) => [
        ...accountRoutes(world, gate, { publicUrl }),
        ...singleSignOnRoutes(world, gate, {
          ...{ publicUrl: `${publicUrl}/`, allowsInnerProviders },
          dnsServers: [dns.address],
        }),
      ],
      { trustedProxies: ['127.0.0.1/32'] },
    );
    return new SignOnLab(world, api, idp, dns);
  }

  async close(): Promise<void> {
    await this.api.close();
    await this.idp.close();
    await this.dns.close();
    await this.world.close();
  }

  visitor = (): Visitor => new Visitor(this.api.url);

  async linkHolder(accountId: string): Promise<Person> {
    const person = personAt(this.api.url);
    const link = await createSignInLink(this.world, accountId, this.api.url, system);
    assert.equal((await person.ask('POST', '/v1/session', { token: tokenOf(link) })).status, 200);
    return person;
  }

  /** An account with a connection that is switched on and makes users, and whose domains are proved. */
  async newClinic(wish: object = {}, client: object = {}): Promise<Clinic> {
    this.clinics += 1;
    const domain = `clinic${this.clinics}.example`;
    const { accountId } = await createTestAccount(this.world);
    const holder = await this.linkHolder(accountId);
    const begun = await holder.ask('POST', '/v1/single-sign-on', { name: 'Staff' });
    assert.equal(begun.status, 201, JSON.stringify(begun.body));
    const { id, redirectUri, logoutUri } = begun.body;
    assert.equal(redirectUri, `${publicUrl}/sign-in/sso/${id}/callback`);
    const clientId = `client-${this.clinics}`;
    this.idp.addClient({ id: clientId, secret: clientSecret, redirectUri, ...client });
    const changed = await holder.ask('PATCH', `/v1/single-sign-on/${id}`, {
      issuer: this.idp.issuer,
      clientId,
      clientSecret,
      domains: [domain],
      makesUsers: true,
      widestReach: 'account',
      isEnabled: true,
      ...wish,
    });
    assert.equal(changed.status, 200, JSON.stringify(changed.body));
    for (const proof of changed.body.domainProofs) this.publish(proof);
    const clinic = { accountId, holder, domain, connection: { ...changed.body, id, redirectUri, logoutUri } };
    await this.look(clinic);
    return clinic;
  }

  publish = ({ record }: { record: { name: string; value: string } }): void =>
    this.dns.tell(record.name, { txt: [record.value] });

  /** What the DNS says of the connection's domains now. */
  async look({ holder, connection }: Pick<Clinic, 'holder' | 'connection'>): Promise<DomainProof[]> {
    const { status, body } = await holder.ask('POST', `/v1/single-sign-on/${connection.id}/domains/check`, {});
    assert.equal(status, 200, JSON.stringify(body));
    return body.domains;
  }

  change = (clinic: Clinic, wish: object): Promise<RouteAnswer> =>
    clinic.holder.ask('PATCH', `/v1/single-sign-on/${clinic.connection.id}`, wish);

  async signedIn(clinic: Clinic, name: string, claims: object = {}): Promise<Visitor> {
    this.idp.visitor = identityAt(clinic, name, claims);
    const visitor = this.visitor();
    const { status, body } = await visitor.signIn({ connectionId: clinic.connection.id });
    assert.equal(status, 200, JSON.stringify(body));
    return visitor;
  }

  async refusedCode(clinic: Clinic, name: string, claims: object = {}): Promise<string> {
    this.idp.visitor = identityAt(clinic, name, claims);
    const { status, body } = await this.visitor().signIn({ connectionId: clinic.connection.id });
    assert.ok(status >= 400, JSON.stringify(body));
    return body.code;
  }

  async actionsOf({ accountId }: Clinic): Promise<string[]> {
    const rows = await this.world.db.readAccount(accountId, (tx) =>
      tx.query<{ action: string }>(sql`SELECT action FROM audit_entries ORDER BY at, id`),
    );
    return rows.map((row) => row.action);
  }
}

export const identityAt = (clinic: Clinic, name: string, claims: object = {}) => ({
  sub: `${name} at ${clinic.domain}`,
  claims: { email: `${name}@${clinic.domain}`, email_verified: true, name: `${name} Example`, ...claims },
});
