/** The doctor on the network: the names of this server, the URLs that others use, their certificates, and what time it is elsewhere. */
import { lookup, Resolver, reverse } from 'node:dns/promises';
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { BlockList, isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { offFinding } from './check-database.ts';
import { type Finding, failure, fine, warning } from './finding.ts';

const answerTimeoutMs = 5_000;
const dayMs = 86_400_000;

/** @param servers whom to ask; undefined: the system's. A name that stands in /etc/hosts alone is known to nobody else. */
export async function checkHostname(hostname: string, servers?: readonly string[]): Promise<Finding> {
  const check = 'host name';
  if (hostname === 'localhost')
    return warning(check, 'it is localhost', 'Set WAXWING_HOSTNAME to the name that the DNS knows this server by.');
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  if (servers !== undefined) resolver.setServers(servers);
  const asked = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
  const found = asked.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
  if (found.length > 0)
    return fine(check, `${hostname} has ${found.length === 1 ? 'an address' : `${found.length} addresses`} in the DNS`);
  const code = asked.map((one) => (one.status === 'rejected' ? one.reason.code : undefined)).find(Boolean) ?? 'unknown';
  const isKnownHere = await lookup(hostname).then(
    () => true,
    () => false,
  );
  const remedy = 'Make an A or AAAA record, or set WAXWING_HOSTNAME.';
  return isKnownHere
    ? warning(check, `this machine knows an address of ${hostname}, and the DNS does not (${code})`, remedy)
    : failure(check, `the DNS knows no address of ${hostname} (${code})`, remedy);
}

export interface NameServer {
  lookup(name: string): Promise<readonly string[]>;
  reverse(address: string): Promise<readonly string[]>;
}

export const systemNames: NameServer = {
  lookup: async (name) => (await lookup(name, { all: true })).map(({ address }) => address),
  reverse,
};

/** Big receivers refuse mail from addresses whose name does not lead back to them (RFC 1912 §2.1). */
export async function checkReverseName(hostname: string, hasRelay: boolean, names: NameServer): Promise<Finding> {
  const check = 'name of the sending address';
  if (hasRelay) return fine(check, 'all mail goes through a relay, whose name counts');
  if (hostname === 'localhost')
    return warning(
      check,
      'the host name is localhost',
      'Set WAXWING_HOSTNAME, then have a PTR record made for its address.',
    );
  const addresses = (await names.lookup(hostname).catch(() => [])).filter((address) => !isPrivate(address));
  if (addresses.length === 0)
    return warning(
      check,
      `${hostname} has no public address, so none could be asked`,
      'Set WAXWING_HOSTNAME to the public name.',
    );
  const nameless: string[] = [];
  for (const address of addresses) {
    const found = await names.reverse(address).catch(() => []);
    if (!found.some((name) => name.replace(/\.$/, '').toLowerCase() === hostname.toLowerCase())) nameless.push(address);
  }
  return nameless.length === 0
    ? fine(check, `${addresses.join(', ')} and ${hostname} lead to each other`)
    : warning(
        check,
        `${nameless.join(', ')} does not lead back to ${hostname}`,
        'Ask your provider for a PTR record with that name: many servers refuse mail without one.',
      );
}

const privateNetworks = new BlockList();
for (const [network, length] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
] as const)
  privateNetworks.addSubnet(network, length, 'ipv4');
for (const [network, length] of [
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
] as const)
  privateNetworks.addSubnet(network, length, 'ipv6');

const isPrivate = (address: string): boolean => privateNetworks.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

interface Answered {
  readonly date: number;
  /** Of https: the last day of the certificate. */
  readonly validUntil: Date | undefined;
}

/** Over https alone is the answer's Date worth comparing: nobody on the way wrote it. */
export async function checkUrl(
  name: string,
  url: string | undefined,
  meaning: string,
  now: Date,
  /** What is lost without https. */
  lost = '',
): Promise<readonly Finding[]> {
  if (url === undefined) return [warning(name, 'is not set', `Set it to ${meaning}.`)];
  const isHttps = url.startsWith('https:');
  const plain = isHttps
    ? []
    : [warning(name, `${url} is not https`, `Put a TLS proxy in front, and set the https address. ${lost}`.trim())];
  const askedAt = Date.now();
  const answered = await ask(`${url}/healthz`).catch((error: NodeJS.ErrnoException) => error.code ?? error.name);
  if (typeof answered === 'string') return [...plain, refusal(name, url, answered)];
  if (!isHttps) return plain;
  const offMs = Math.max(0, Math.abs(answered.date - askedAt) - 1_000 - (Date.now() - askedAt));
  const clock = Number.isNaN(answered.date)
    ? []
    : [offFinding(`clock and ${name}`, offMs, `that of ${new URL(url).host}`)];
  return [fine(name, `${url} answers, over https`), ...lifeOf(name, answered.validUntil, now), ...clock];
}

function ask(url: string): Promise<Answered> {
  const { promise, resolve, reject } = Promise.withResolvers<Answered>();
  const start = url.startsWith('https:') ? tlsRequest : plainRequest;
  const asking = start(url, { agent: false, signal: AbortSignal.timeout(answerTimeoutMs) }, (response) => {
    const until = (response.socket as TLSSocket).getPeerCertificate?.()?.valid_to;
    resolve({
      date: Date.parse(response.headers.date ?? ''),
      validUntil: until === undefined ? undefined : new Date(until),
    });
    response.resume();
  });
  asking.on('error', reject);
  asking.end();
  return promise;
}

/** Codes of OpenSSL's verification, as Node names them. https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const certificateFaults: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'Its certificate ran out: renew it.',
  CERT_NOT_YET_VALID: 'Its certificate is not valid yet: look at the clocks.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'Its certificate is for another name: get one for this name.',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'It signed its certificate itself: get one that browsers trust.',
  SELF_SIGNED_CERT_IN_CHAIN: 'Nobody knows who signed its certificate: get one that browsers trust.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'Intermediate certificates are missing: let the proxy send the whole chain.',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'Nobody knows who signed its certificate: get one that browsers trust.',
};

const refusal = (name: string, url: string, code: string): Finding =>
  certificateFaults[code] === undefined
    ? failure(
        name,
        `${url} does not answer from here (${code})`,
        'Is the server running, and does the proxy lead to it?',
      )
    : failure(name, `${url} cannot be trusted (${code})`, certificateFaults[code]);

function lifeOf(name: string, validUntil: Date | undefined, now: Date): Finding[] {
  if (validUntil === undefined || Number.isNaN(validUntil.getTime())) return [];
  const days = Math.floor((validUntil.getTime() - now.getTime()) / dayMs);
  const check = `certificate of the ${name}`;
  const says = `it is valid for ${days} days`;
  return [days < 14 ? warning(check, says, 'Renew it: does the proxy do so by itself?') : fine(check, says)];
}
