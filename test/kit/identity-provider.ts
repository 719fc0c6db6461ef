/** A real OpenID Connect provider on this machine (oidc-provider), and the browser of whoever signs in there. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';
import MemoryAdapter from 'oidc-provider/lib/adapters/memory_adapter.js';

/** Whom the provider will take its visitor for, and what it says of them. */
export interface Identity {
  readonly sub: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly amr?: readonly string[];
  readonly acr?: string;
}

interface Client {
  readonly id: string;
  readonly secret: string;
  readonly redirectUri: string;
  readonly logoutUri?: string;
  readonly authentication?: 'client_secret_basic' | 'client_secret_post';
}

export interface IdentityProvider {
  readonly issuer: string;
  /** Who types their password there next. */
  visitor: Identity | undefined;
  addClient(client: Client): void;
  /** A new signing key, as after a rotation; the old one is gone. */
  rotateKeys(): void;
  close(): Promise<void>;
}

export async function listen(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<{
  readonly url: string;
  readonly server: Server;
  close(): Promise<void>;
}> {
  const server = createServer(handler);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, close };
}

/** As another site than 127.0.0.1 when it is called localhost, as far as browsers go. */
export async function startIdentityProvider(host: '127.0.0.1' | 'localhost' = '127.0.0.1'): Promise<IdentityProvider> {
  const clients = new Map<string, object>();
  const seen = new Map<string, Identity>();
  let provider: Provider | undefined;
  const at = await listen((request, response) => {
    const serve = async (): Promise<void> => {
      if (request.url?.startsWith('/interaction/') !== true) return provider?.callback()(request, response);
      const { visitor } = idp;
      if (visitor === undefined || provider === undefined) return void response.writeHead(200).end('Who are you?');
      seen.set(visitor.sub, visitor);
      const { sub: accountId, amr = ['pwd'], acr } = visitor;
      await provider.interactionFinished(request, response, { login: { accountId, amr, acr, remember: false } });
    };
    serve().catch((error: Error) => response.writeHead(500).end(error.message));
  });
  const issuer = at.url.replace('127.0.0.1', host);
  const idp: IdentityProvider = {
    issuer,
    visitor: undefined,
    addClient: ({ id, secret, redirectUri, logoutUri, authentication = 'client_secret_basic' }) =>
      void clients.set(id, {
        client_id: id,
        client_secret: secret,
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code'],
        response_types: ['code'],
        token_endpoint_auth_method: authentication,
        ...(logoutUri === undefined ? {} : { backchannel_logout_uri: logoutUri }),
        ...(logoutUri === undefined ? {} : { backchannel_logout_session_required: true }),
      }),
    rotateKeys() {
      provider = make(issuer, clients, seen);
    },
    close: at.close,
  };
  idp.rotateKeys();
  return idp;
}

function make(issuer: string, clients: Map<string, object>, seen: Map<string, Identity>): Provider {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = {
    ...privateKey.export({ format: 'jwk' }),
    kid: randomBytes(8).toString('hex'),
    use: 'sig',
    alg: 'RS256',
  };
  const clientStore = { find: async (id: string) => clients.get(id) };
  const made: Provider = new Provider(issuer, {
    adapter: (model: string) => (model === 'Client' ? clientStore : new MemoryAdapter(model)),
    jwks: { keys: [jwk] },
    cookies: { keys: ['a key of the laboratory'] },
    claims: { openid: ['sub', 'groups', 'acr', 'amr'], email: ['email', 'email_verified'], profile: ['name'] },
    acrValues: ['urn:example:strong'],
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: async () => ({ sub: id, ...seen.get(id)?.claims }),
    }),
    async loadExistingGrant(context: GrantContext) {
      const grant = new made.Grant({
        clientId: context.oidc.client.clientId,
        accountId: context.oidc.session.accountId,
      });
      grant.addOIDCScope('openid email profile');
      await grant.save();
      return grant;
    },
    interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
    ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Interaction: 600, Session: 3600, Grant: 3600 },
  });
  return made;
}

interface GrantContext {
  readonly oidc: { readonly client: { readonly clientId: string }; readonly session: { readonly accountId: string } };
}

/** A browser's jar and legs: keeps the provider's cookies and follows where it leads, until that is another host. */
export class Wanderer {
  private readonly jar = new Map<string, string>();

  /** Gives the address that leads away from the provider. */
  async go(from: string): Promise<URL> {
    const home = new URL(from).origin;
    let next = new URL(from);
    for (let step = 0; step < 12; step += 1) {
      const cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ');
      const response = await fetch(next, { redirect: 'manual', headers: { cookie } });
      for (const line of response.headers.getSetCookie()) this.keep(line);
      const location = response.headers.get('location');
      if (location === null) throw new Error(`${response.status}: ${await response.text()}`);
      next = new URL(location, next);
      if (next.origin !== home) return next;
    }
    throw new Error('led in circles');
  }

  private keep(line: string): void {
    const [pair = ''] = line.split(';');
    const [name = '', value = ''] = pair.split(/=(.*)/s);
    if (/expires=Thu, 01 Jan 1970/i.test(line)) this.jar.delete(name);
    else this.jar.set(name, value);
  }
}
