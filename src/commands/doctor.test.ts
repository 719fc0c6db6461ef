/** The doctor as somebody runs it: a process with its own limits, and with its own idea of whom to trust. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { newAuthority } from '../../test/kit/certificates.ts';

interface Finding {
  readonly check: string;
  readonly state: string;
  readonly says: string;
  readonly remedy?: string;
}

const home = mkdtempSync(join(tmpdir(), 'waxwing-doctor-command-'));
const authorityFile = join(home, 'authority.pem');
let server: ReturnType<typeof createServer>;
let publicUrl: string;

before(async () => {
  const authority = await newAuthority();
  writeFileSync(authorityFile, authority.cert);
  server = createServer(await authority.issue('localhost'), (_request, response) => response.end('ok'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  publicUrl = `https://localhost:${(server.address() as AddressInfo).port}`;
});
after(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(home, { recursive: true, force: true });
});

/** Under a soft limit, which whoever starts a process may raise as far as the hard one. */
async function doctor(coreBlocks: string, more: Readonly<Record<string, string>> = {}) {
  const script = `ulimit -S -c ${coreBlocks} && exec "$0" "$@"`;
  const words = [process.execPath, join(import.meta.dirname, '..', 'cli.ts'), 'doctor', '--json'];
  const env = {
    PATH: process.env.PATH,
    WAXWING_DATA_DIR: join(home, 'data'),
    WAXWING_KEY_FILE: join(home, 'data.key'),
    WAXWING_PUBLIC_URL: publicUrl,
    ...more,
  };
  const child = spawn('sh', ['-c', script, ...words], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await Promise.all([text(child.stdout), once(child, 'close')]);
  const { findings } = JSON.parse(said) as { findings: Finding[] };
  return (check: string): Finding =>
    findings.find((one) => one.check === check) ?? assert.fail(`${check} is not in ${said}`);
}

test('where a crash would write no memory, and the certificate is of somebody it trusts, it says so', async () => {
  const found = await doctor('0', { NODE_EXTRA_CA_CERTS: authorityFile });
  assert.equal(found('public URL').state, 'ok');
  assert.match(found('public URL').says, /answers, over https/);
  assert.match(found('certificate of the public URL').says, /valid for 0 days/);
  assert.match(found('clock and public URL').says, /clock is/);
  assert.doesNotMatch(found('core dumps').says, /limit: /);
});

/** Nobody who runs under one of 0 can raise it. */
const isHeldDown = /^Max core file size\s+\S+\s+0\s/m.test(readFileSync('/proc/self/limits', 'utf8'));

test('a limit that lets memory be written is told with what to do, and a certificate of nobody known fails', {
  skip: isHeldDown,
}, async () => {
  const found = await doctor('unlimited');
  assert.deepEqual([found('core dumps').state, found('public URL').state], ['warn', 'fail']);
  assert.match(found('core dumps').says, /keys and mail in it, to disk \(limit: unlimited\)/);
  assert.match(found('core dumps').remedy ?? '', /LimitCORE=0.*ulimit core=0/);
  assert.match(found('public URL').says, /cannot be trusted/);
});
