/**
 * Postfix of the system with OpenDKIM as its milter, in folders of its own under loopback ports: submission with STARTTLS
 * and sign-in, everything to the sink through TLS. Tuned as its TUNING_README says. It touches no service of the system.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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

export async function startPostfix(needs: ServerNeeds): Promise<Server> {
  const { folder } = needs;
  const owner = ownerOfQueue();
  for (const name of ['config', 'queue', 'data', 'dkim']) mkdirSync(join(folder, name), { recursive: true });
  chmodSync(folder, 0o755);
  chownSync(join(folder, 'data'), owner, 0);
  const [port, milterPort] = [await freePort(), await freePort()];
  const signer = startSigner(needs, milterPort);
  const signIn = await startSignIn();
  const postfix = (...words: string[]): string =>
    execFileSync('postfix', ['-c', join(folder, 'config'), ...words], { encoding: 'utf8', stdio: 'pipe' });
  const close = async (): Promise<void> => {
    stop(postfix);
    await endChild(signer);
    await signIn.close();
  };
  try {
    await listening(milterPort);
    writeFileSync(join(folder, 'cert.pem'), needs.certificate.cert);
    writeFileSync(join(folder, 'key.pem'), needs.certificate.key, { mode: 0o600 });
    writeFileSync(join(folder, 'config/main.cf'), mainOf(needs, { milterPort, signInPort: signIn.port }));
    writeFileSync(join(folder, 'config/master.cf'), masterOf(port));
    postfix('start');
    await listening(port);
  } catch (error) {
    await close();
    throw error;
  }
  const version = execFileSync('postconf', ['-h', 'mail_version'], { encoding: 'utf8' }).trim();
  return { name: `Postfix ${version}`, port, user, password, pids: [masterPid(folder), pidOf(signer)], close };
}

function ownerOfQueue(): number {
  if (process.getuid?.() !== 0) throw new Missing('Postfix starts as root only');
  for (const program of ['/usr/sbin/postfix', '/usr/sbin/opendkim'])
    if (!existsSync(program)) throw new Missing(`${program} is not installed (Debian: postfix, opendkim)`);
  return Number(execFileSync('id', ['-u', 'postfix'], { encoding: 'utf8' }));
}

const masterPid = (folder: string): number => Number(readFileSync(join(folder, 'queue/pid/master.pid'), 'utf8'));

function stop(postfix: (...words: string[]) => string): void {
  try {
    postfix('abort');
  } catch {
    // it was not running
  }
}

function startSigner({ folder, signingKey }: ServerNeeds, port: number) {
  const keyFile = join(folder, 'dkim/key.pem');
  rmSync(keyFile, { force: true });
  writeFileSync(keyFile, signingKey, { mode: 0o600 });
  const settings: Readonly<Record<string, string | number>> = {
    Socket: `inet:${port}@127.0.0.1`,
    Mode: 's',
    Domain: domain,
    Selector: selector,
    KeyFile: keyFile,
    RequireSafeKeys: 'no', // it lies under the folder for temporary files
    Canonicalization: 'relaxed/relaxed',
    SignatureAlgorithm: 'rsa-sha256',
    InternalHosts: '127.0.0.1',
    Background: 'no',
    AutoRestart: 'no',
    Syslog: 'no',
    UserID: 'root',
    PidFile: join(folder, 'dkim/pid'),
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} ${value}\n`);
  writeFileSync(join(folder, 'dkim/opendkim.conf'), lines.join(''));
  return startChild('/usr/sbin/opendkim', ['-f', '-x', join(folder, 'dkim/opendkim.conf')], { cwd: folder });
}

/** Dovecot's authentication protocol, as much of it as Postfix asks: one user, once a connection. */
async function startSignIn(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const known = Buffer.from(`\0${user}\0${password}`).toString('base64');
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.write('VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\tbench\nDONE\n');
    socket.setEncoding('utf8').on('data', (text: string) => {
      for (const [, id, fields] of text.matchAll(/^AUTH\t(\d+)\t(.*)$/gm))
        socket.write(fields?.includes(`resp=${known}`) ? `OK\t${id}\tuser=${user}\n` : `FAIL\t${id}\tuser=${user}\n`);
    });
  });
  const port = await new Promise<number>((resolve) =>
    server.listen({ port: 0, host: '127.0.0.1' }, () => resolve((server.address() as net.AddressInfo).port)),
  );
  return {
    port,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await sleep(0);
    },
  };
}

const mainOf = (
  { folder, sinkPort }: ServerNeeds,
  { milterPort, signInPort }: { readonly milterPort: number; readonly signInPort: number },
): string => `
compatibility_level = 3.6
config_directory = ${folder}/config
queue_directory = ${folder}/queue
data_directory = ${folder}/data
maillog_file = ${folder}/mail.log
maillog_file_prefixes = ${folder}
myhostname = postfix.example
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
biff = no
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
smtp_host_lookup = native
relayhost = [127.0.0.1]:${sinkPort}
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:${signInPort}
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_tls_cert_file = ${folder}/cert.pem
smtpd_tls_key_file = ${folder}/key.pem
smtpd_milters = inet:127.0.0.1:${milterPort}
milter_default_action = tempfail
smtp_tls_security_level = encrypt
smtp_tls_session_cache_database = btree:${folder}/data/smtp_scache
# Throughput, as TUNING_README advises: many to one destination, connections kept, input not held back.
smtp_tls_connection_reuse = yes
smtp_connection_cache_destinations = 127.0.0.1
smtp_connection_reuse_time_limit = 300s
default_process_limit = 200
default_destination_concurrency_limit = 40
initial_destination_concurrency = 40
in_flow_delay = 0
smtpd_client_connection_count_limit = 0
smtpd_client_event_limit_exceptions = 127.0.0.1
`;

const masterOf = (port: number): string => `
127.0.0.1:${port} inet n - n - 200 smtpd
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
tlsproxy  unix  - - n - 0 tlsproxy
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
`;
