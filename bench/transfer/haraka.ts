/**
 * Haraka as its documents have it: submission with STARTTLS and sign-in, dkim plugin, outbound queue on disk (each file is
 * synced before the `250`), everything to the sink by opportunistic TLS, in one process. It is installed for the run.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  domain,
  endChild,
  freePort,
  listening,
  Missing,
  password,
  pidOf,
  type Server,
  type ServerNeeds,
  selector,
  startChild,
  user,
} from './server.ts';

const version = '3.3.4';
const dkimPlugin = '1.3.1';

export async function startHaraka({ folder, sinkPort, certificate, signingKey }: ServerNeeds): Promise<Server> {
  mkdirSync(join(folder, 'queue'), { recursive: true });
  install(folder);
  const port = await freePort();
  const files: Readonly<Record<string, string>> = {
    me: 'haraka.example',
    plugins: 'tls\nauth/flat_file\ndkim\nto_sink',
    'smtp.ini': `listen=127.0.0.1:${port}\nnodes=0\n`,
    'log.ini': '[main]\nlevel=warn\n',
    'outbound.ini': 'concurrency_max=40\nlocal_mx_ok=true\n',
    'auth_flat_file.ini': `[core]\nmethods=PLAIN\nconstrain_sender=false\n[users]\n${user}=${password}\n`,
    'dkim.ini': '[sign]\nenabled=true\n[canon]\nbody=relaxed\n[verify]\nenabled=false\n',
    [`dkim/${domain}/private`]: signingKey,
    [`dkim/${domain}/selector`]: selector,
    'tls_key.pem': certificate.key,
    'tls_cert.pem': certificate.cert,
    'tls.ini': '',
  };
  mkdirSync(join(folder, 'config/dkim', domain), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, 'config', name), text);
  copyFileSync(join(folder, 'node_modules/Haraka/config/connection.ini'), join(folder, 'config/connection.ini'));
  mkdirSync(join(folder, 'plugins'), { recursive: true });
  writeFileSync(join(folder, 'plugins/to_sink.js'), toSink(sinkPort));
  const child = startChild(process.execPath, ['node_modules/Haraka/bin/haraka', '-c', folder], { cwd: folder });
  await listening(port).catch(async (error: Error) => {
    await endChild(child);
    throw error;
  });
  return { name: `Haraka ${version}`, port, user, password, pids: [pidOf(child)], close: () => endChild(child) };
}

/** Pinned; two of its dependencies' newest versions do not resolve everywhere. */
function install(folder: string): void {
  const overrides = { 'encoding-japanese': '2.2.0', libqp: '2.1.2' };
  const dependencies = { Haraka: version, 'haraka-plugin-dkim': dkimPlugin };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies, overrides }));
  try {
    const quietly = ['--no-audit', '--no-fund', '--ignore-scripts', '--omit=dev'];
    execFileSync('npm', ['install', ...quietly], { cwd: folder, stdio: 'ignore', timeout: 300_000 });
  } catch {
    throw new Missing(`npm cannot install Haraka ${version}`);
  }
}

const toSink = (port: number): string => `
exports.hook_rcpt = (next) => next(OK);
exports.hook_get_mx = (next) => next(OK, { priority: 0, exchange: '127.0.0.1', port: ${port} });
`;
