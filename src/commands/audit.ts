/** `waxwing audit verify` and `waxwing audit key`: they need no server and no database. */

import { createReadStream, existsSync } from 'node:fs';
import type { Command } from 'commander';
import { verifyExport } from '../audit/index.ts';
import type { Finding } from '../core/audit/verify.ts';
import { publicKeyPem } from '../platform/signing.ts';
import { CommandFault } from './fault.ts';
import { ownKey, trustedKey } from './public-key.ts';

export function addAuditCommands(program: Command): void {
  const audit = program.command('audit').description('the audit log');
  audit
    .command('verify <file>')
    .description(
      'check an audit export; status 1 names the first altered, missing or reordered entry; - reads standard input',
    )
    .option(
      '--key <public>',
      'trust only this public key: a PEM file, or the key in PEM, base64 or hex (default: the installation’s own)',
    )
    .action(verifyFile);
  audit
    .command('key')
    .description('print the public key that signs this installation’s audit checkpoints, as PEM')
    .action(async () => void process.stdout.write(publicKeyPem(await ownKey())));
}

async function verifyFile(file: string, options: { key?: string }): Promise<void> {
  const publicKey = await trustedKey(options.key);
  if (file !== '-' && !existsSync(file)) throw new CommandFault(`${file} cannot be read: there is no such file.`);
  const finding = await verifyExport(file === '-' ? process.stdin : createReadStream(file), publicKey);
  process.stdout.write(`${wordsFor(finding)}\n`);
  if (finding.kind === 'broken') process.exitCode = 1;
}

function wordsFor(finding: Finding): string {
  if (finding.kind === 'broken') {
    const id = finding.id === null ? '' : ` (id ${finding.id})`;
    return `NOT SOUND, ${finding.fault}, line ${finding.line}: ${finding.text}${id}`;
  }
  const { entries, firstSeq, lastSeq, from, to, account, addressesHidden: hidden } = finding;
  if (entries === 0) return `Sound: no entries, account ${account}.`;
  const lost = hidden === 0 ? '' : ` The server signed that of ${hidden} the address can no longer be read.`;
  return `Sound: ${entries} entries, ${firstSeq} to ${lastSeq}, from ${from} to ${to}, account ${account}.${lost}`;
}
