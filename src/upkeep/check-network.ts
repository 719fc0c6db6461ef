/** The doctor on the network: the name of this server, the URLs that others use, and what time it is elsewhere. */
import { lookup } from 'node:dns/promises';
import { offFinding } from './check-database.ts';
import { type Finding, failure, fine, warning } from './finding.ts';

const answerTimeoutMs = 5_000;

export async function checkHostname(hostname: string): Promise<Finding> {
  const check = 'host name';
  if (hostname === 'localhost')
    return warning(check, 'it is localhost', 'Set WAXWING_HOSTNAME to the name that the DNS knows this server by.');
  try {
    const found = await lookup(hostname, { all: true });
    return fine(check, `${hostname} has ${found.length === 1 ? 'an address' : `${found.length} addresses`} in the DNS`);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    return failure(
      check,
      `the DNS knows no address of ${hostname} (${code})`,
      'Make an A or AAAA record, or set WAXWING_HOSTNAME.',
    );
  }
}

/** Over https alone is the answer's Date worth comparing: nobody on the way wrote it. */
export async function checkUrl(name: string, url: string | undefined, meaning: string): Promise<readonly Finding[]> {
  if (url === undefined) return [warning(name, 'is not set', `Set it to ${meaning}.`)];
  const isHttps = url.startsWith('https:');
  const plain = isHttps
    ? []
    : [warning(name, `${url} is not https`, 'Put a TLS proxy in front, and set the https address.')];
  const askedAt = Date.now();
  const response = await fetch(`${url}/healthz`, {
    redirect: 'manual',
    signal: AbortSignal.timeout(answerTimeoutMs),
  }).catch((error: { cause?: { code?: string }; name?: string }) => error.cause?.code ?? error.name ?? 'unknown');
  if (typeof response === 'string')
    return [
      ...plain,
      failure(
        name,
        `${url} does not answer from here (${response})`,
        'Is the server running, and does the proxy lead to it?',
      ),
    ];
  const date = Date.parse(response.headers.get('date') ?? '');
  await response.body?.cancel();
  const reached = isHttps ? [fine(name, `${url} answers, over https`)] : plain;
  if (!isHttps || Number.isNaN(date)) return reached;
  const offMs = Math.max(0, Math.abs(date - askedAt) - 1_000 - (Date.now() - askedAt));
  return [...reached, offFinding(`clock and ${name}`, offMs, `that of ${new URL(url).host}`)];
}
