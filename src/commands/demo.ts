/** `waxwing demo`: the program itself on a database of its own that is thrown away, with the play of demo/ around it. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { type DemoNeeds, type DemoServer, runDemo, sender } from '../demo/index.ts';
import { startProgram } from '../main.ts';
import { openLog } from '../platform/log.ts';
import { untilAskedToEnd } from './until-asked.ts';

export const addDemoCommand = (program: Command): void => {
  program
    .command('demo')
    .description('send a campaign to invented patients, play people and machines, print the report, stay up')
    .option('--exit', 'end after the report')
    .action((options: { exit?: boolean }) => demonstrate(options.exit === true));
};

async function demonstrate(exit: boolean): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'waxwing-demo-'));
  const asked = untilAskedToEnd();
  try {
    const start = (needs: DemoNeeds): Promise<DemoServer> => startServer(folder, needs);
    await runDemo({ start, out: process.stdout, exit, ended: asked.ended });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function startServer(folder: string, needs: DemoNeeds): Promise<DemoServer> {
  const apiKey = `wx_demo_${randomBytes(18).toString('base64url')}`;
  const { config } = readConfig({
    WAXWING_DATA_DIR: join(folder, 'data'),
    WAXWING_BOOTSTRAP_API_KEY: apiKey,
    WAXWING_SMARTHOST: needs.smarthost,
    WAXWING_DNS_SERVERS: needs.dnsServer,
    WAXWING_TRUSTED_PROXIES: '127.0.0.1/32',
    WAXWING_HTTP_PORT: await freePort('WAXWING_HTTP_PORT', 3000),
    WAXWING_TRACKING_PORT: await freePort('WAXWING_TRACKING_PORT', 3001),
    WAXWING_SMTP_PORT: await freePort('WAXWING_SMTP_PORT', 2525),
    WAXWING_NETWORKS_REFRESH_HOURS: 'off', // a demonstration calls nobody
    WAXWING_LOG_LEVEL: process.env.WAXWING_LOG_LEVEL ?? 'warn',
  });
  const program = await startProgram(config, {
    clock: needs.clock,
    log: openLog(config.logLevel, 'stderr'),
    firstAccountName: sender.name,
  });
  await program.ready;
  return {
    httpUrl: program.publicUrl,
    trackingUrl: program.trackingUrl,
    smtpPort: program.ports.smtp ?? config.smtpPort,
    apiKey,
    signInLink: () => program.signInLink(),
    close: () => program.close(),
  };
}

/** The port that was asked for, else the usual one, else any: a demonstration must not fail for a port. */
async function freePort(setting: string, usual: number): Promise<string> {
  const asked = process.env[setting];
  if (asked !== undefined && asked !== '' && asked !== '0') return asked;
  return `${(await isFree(usual)) ? usual : await anyPort()}`;
}

const isFree = (port: number): Promise<boolean> =>
  listenOnce(port).then(
    () => true,
    () => false,
  );
const anyPort = (): Promise<number> => listenOnce(0);

function listenOnce(port: number): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : port));
    });
  });
}
