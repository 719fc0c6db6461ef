#!/usr/bin/env node
// Starts the command line with the project's own Node, whichever Node called this; installs what is missing first.
// Without dependencies, and for Node 20, because nothing else is there yet on a fresh clone.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ownNode, prepare } from '../scripts/prepare.mjs';

const repository = fileURLToPath(new URL('..', import.meta.url));
await prepare({ web: process.argv[2] === 'start' || process.argv[2] === 'demo' });
// As `npm start` does: what lives briefly may take tens of megabytes less than Node's default.
const limits = process.argv[2] === 'start' ? ['--max-semi-space-size=16'] : [];
const program = [...limits, join(repository, 'src', 'cli.ts'), ...process.argv.slice(2)];
const child = spawn(ownNode(), program, { stdio: 'inherit' });
// From a terminal the child gets the signal itself; from a supervisor only we do.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
child.on('close', (status, signal) => {
  process.exit(status ?? (signal === 'SIGINT' ? 130 : 143));
});
