/**
 * The authorities that servers of others are judged by: Node's, the system's, and those that a test laboratory adds. A
 * context of them takes a tenth of a second to build, in which nothing else runs, so each is built once.
 */
import { Agent } from 'node:https';
import tls from 'node:tls';
import { checkListedNames } from './certificate-names.ts';

/** PEM, each once: most of the system's are Node's too. */
export const rootsWith = (trusted: readonly string[] = []): string[] => [
  ...new Set([...tls.getCACertificates('default'), ...tls.getCACertificates('system'), ...trusted]),
];

const agents = new Map<string, Agent>();

/** For HTTPS by TLS 1.2 or later: a connection for each request, and each certificate looked at. */
export function webAgent(trusted: readonly string[] = []): Agent {
  const name = trusted.join('\0');
  const known = agents.get(name);
  if (known !== undefined) return known;
  const secureContext = tls.createSecureContext({ ca: rootsWith(trusted), minVersion: 'TLSv1.2' });
  // A session that is taken up again would not be asked for its names.
  const agent = new Agent({ secureContext, maxCachedSessions: 0, checkServerIdentity: checkListedNames });
  agents.set(name, agent);
  return agent;
}
