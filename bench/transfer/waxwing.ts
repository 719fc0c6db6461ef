/**
 * Waxwing in a process of its own, as it starts from the settings alone: every role, embedded PostgreSQL, tracking on. Its
 * sender domain is verified by a DNS server of the benchmark that shows the RSA key only, so that it signs as the others do.
 */
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDnsServer } from '../../test/kit/dns-server.ts';
import type { PipelineOrder } from '../pipeline-server.ts';
import { domain, endChild, pidOf, type Server, type ServerNeeds } from './server.ts';

/** A folder that its processor profile goes to. */
const profileDir = process.env.WAXWING_BENCH_PROFILE;
const profiling = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];

export async function startWaxwing({ folder, sinkPort, certificate }: ServerNeeds): Promise<Server> {
  mkdirSync(folder, { recursive: true });
  const dns = await startDnsServer({});
  const apiKey = randomBytes(24).toString('hex');
  writeFileSync(join(folder, 'cert.pem'), certificate.cert);
  writeFileSync(join(folder, 'key.pem'), certificate.key, { mode: 0o600 });
  const order: PipelineOrder = {
    ...{ folder, sinkPort, apiKey },
    settings: {
      WAXWING_DNS_SERVERS: dns.address,
      WAXWING_TLS_CERT_FILE: join(folder, 'cert.pem'),
      WAXWING_TLS_KEY_FILE: join(folder, 'key.pem'),
    },
  };
  const child = fork(join(import.meta.dirname, '../pipeline-server.ts'), [JSON.stringify(order)], {
    execArgv: profiling,
  });
  const close = async (): Promise<void> => {
    if (child.connected) {
      const exited = once(child, 'exit');
      child.disconnect();
      await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, 30_000).unref())]);
    }
    await endChild(child);
    await dns.close();
  };
  try {
    const [ports] = (await once(child, 'message')) as [{ port: number; httpPort: number }];
    await verify(`http://127.0.0.1:${ports.httpPort}/v1/senders`, apiKey, dns.tell);
    return { name: 'Waxwing', port: ports.port, user: 'apikey', password: apiKey, pids: [pidOf(child)], close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface SenderAnswer {
  readonly status: string;
  readonly records: readonly { readonly purpose: string; readonly name: string; readonly value: string }[];
}

async function verify(
  url: string,
  apiKey: string,
  tell: (name: string, zone: { readonly txt: readonly string[] }) => void,
): Promise<void> {
  const ask = async (address: string, body?: object): Promise<SenderAnswer> => {
    const answer = await fetch(address, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${address} answers ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as SenderAnswer;
  };
  const { records } = await ask(url, { domain });
  for (const { purpose, name, value } of records)
    if (purpose === 'ownership' || (purpose === 'dkim' && value.includes('k=rsa'))) tell(name, { txt: [value] });
  const { status } = await ask(`${url}/${domain}/verify`);
  if (status !== 'signing') throw new Error(`the sender domain is ${status}`);
}
