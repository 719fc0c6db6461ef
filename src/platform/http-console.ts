/**
 * Serves the built console. Every page gets a policy that lets in files of our own and nothing else, and a fresh nonce
 * for its styles. It never serves a file from outside the build.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../contract/problem.ts';

const pagePolicy = (nonce: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');

const notBuilt = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Waxwing</title>
<h1>The console has not been built</h1>
<p>Run <code>npm start</code>, which builds it, or <code>node scripts/prepare.mjs --web</code>. The API works without it: see <a href="/openapi.json">/openapi.json</a>.</p></html>`;

const yearSeconds = 31_536_000;

export async function mountConsole(server: FastifyInstance, folder: string): Promise<void> {
  const indexFile = join(folder, 'index.html');
  const hasConsole = existsSync(indexFile);
  if (hasConsole)
    await server.register(fastifyStatic, {
      root: folder,
      wildcard: false, // one route per file: what the build did not make does not exist
      index: false,
      globIgnore: ['**/index.html'],
      cacheControl: false,
      setHeaders: (reply, path) => {
        const isNamedByHash = path.includes(`${join(folder, 'assets')}`);
        const forHowLong = isNamedByHash ? `public, max-age=${yearSeconds}, immutable` : 'public, max-age=3600';
        void reply.header('cache-control', forHowLong);
      },
    });
  const sendPage = (reply: FastifyReply): FastifyReply => {
    const nonce = randomBytes(16).toString('base64');
    const page = hasConsole ? readFileSync(indexFile, 'utf8').replaceAll('__CSP_NONCE__', nonce) : notBuilt;
    return reply
      .code(hasConsole ? 200 : 503)
      .header('content-security-policy', pagePolicy(nonce))
      .header('cache-control', 'no-store')
      .type('text/html; charset=utf-8')
      .send(page);
  };
  server.get('/', { config: { name: 'console' } }, (_request, reply) => sendPage(reply));
  server.setNotFoundHandler((request, reply) => {
    if (!wantsPage(request)) throw new Problem('route.not_found');
    return sendPage(reply);
  });
}

/** Pages about a domain end with its name, which is no file's. */
const ofDomains = /^\/(senders|sending)\//;

/** The console has addresses of its own, such as /campaigns: a browser that asks for one gets the page. */
function wantsPage(request: FastifyRequest): boolean {
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  const [path = ''] = request.url.split('?');
  if (/^\/(v1|scim|assets)(\/|$)/.test(path) || (/\.\w{1,8}$/.test(path) && !ofDomains.test(path))) return false;
  return (request.headers.accept ?? '').includes('text/html');
}
